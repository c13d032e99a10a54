"""What the app was made with, for those who answer a request."""

from flask import current_app

from connector.shopify import Shopify
from jobs.context import Context


def context() -> Context:
    """The app's connections."""
    held: Context = current_app.extensions["bazgasht_context"]
    return held


def shopify() -> Shopify:
    """The adapter for Shopify, which knows the app's own keys there."""
    held: Shopify = current_app.extensions["bazgasht_shopify"]
    return held
