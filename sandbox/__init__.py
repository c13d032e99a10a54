"""A pretend WooCommerce store that behaves as recordings of a running one do.

It stands alone: nothing of the product is imported here, and the product reaches it
only over HTTP, as it would reach a merchant's store.
"""
