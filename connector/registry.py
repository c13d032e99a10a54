"""The platforms there are."""

from connector.platform import StorePlatform
from connector.shopify import Shopify
from connector.woocommerce import WooCommerce

_PLATFORMS: dict[str, StorePlatform] = {"woocommerce": WooCommerce(), "shopify": Shopify()}


def platform(name: str) -> StorePlatform:
    """The platform of this name; ValueError names the ones there are."""
    try:
        return _PLATFORMS[name]
    except KeyError:
        known = ", ".join(_PLATFORMS)
        raise ValueError(f"{name!r} is not a platform; there are: {known}") from None


def register(adapter: StorePlatform) -> None:
    """Use this adapter under its name from now on, for what a process sets up at its start."""
    _PLATFORMS[adapter.name] = adapter
