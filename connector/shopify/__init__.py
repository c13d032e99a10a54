"""The Shopify adapter."""
