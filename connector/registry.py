"""The platforms there are."""

from connector.platform import StorePlatform
from connector.woocommerce import WooCommerce

_PLATFORMS: dict[str, StorePlatform] = {"woocommerce": WooCommerce()}


def platform(name: str) -> StorePlatform:
    """The platform of this name; ValueError names the ones there are."""
    try:
        return _PLATFORMS[name]
    except KeyError:
        known = ", ".join(_PLATFORMS)
        raise ValueError(f"{name!r} is not a platform; there are: {known}") from None
