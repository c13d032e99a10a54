"""Pretend stores: WooCommerce as recordings of a running one show it, Shopify by its schema.

It stands alone: nothing of the product is imported here, and the product reaches it
only over HTTP, as it would reach a merchant's store.
"""
