"""The WooCommerce adapter."""

from connector.woocommerce.platform import WooCommerce

__all__ = ["WooCommerce"]
