"""The Shopify adapter."""

from connector.shopify.platform import Shopify

__all__ = ["Shopify"]
