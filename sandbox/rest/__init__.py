"""WooCommerce's REST API version 3 over the store."""
