"""Shopify's global identifiers, `gid://shopify/<Type>/<number>`, and our records' texts.

Orders, products and customers are known by the number alone. Categories come from three places
and keep the type: `TaxonomyCategory/aa-1`, `Collection/7`, and `ProductType/Shirts`, which is a
spelling of our own, because Shopify gives product types no identifier.
"""

from connector.errors import BadPayload

_PREFIX = "gid://shopify/"
PRODUCT_TYPE = "ProductType/"


def gid(kind: str, identifier: str) -> str:
    """The global identifier of an object of this type."""
    return f"{_PREFIX}{kind}/{identifier}"


def kind_of(global_id: str) -> str:
    """The type in a global identifier, empty if it has none."""
    return global_id.removeprefix(_PREFIX).partition("/")[0] if is_gid(global_id) else ""


def number_of(global_id: str) -> str:
    """The last part of a global identifier: `820982911946154508` of the order's.

    Raises:
        BadPayload: this is no global identifier.
    """
    if not is_gid(global_id):
        raise BadPayload("id: is not a global identifier of Shopify's")
    # Some have a query at the end, which is no part of the number.
    return global_id.removeprefix(_PREFIX).partition("/")[2].partition("?")[0]


def category_id(global_id: str) -> str:
    """The identifier of a category's record: the type and the last part."""
    return f"{kind_of(global_id)}/{number_of(global_id)}"


def is_gid(text: str) -> bool:
    """Whether the text is a global identifier."""
    kind, _, number = text.removeprefix(_PREFIX).partition("/")
    return text.startswith(_PREFIX) and bool(kind) and bool(number)
