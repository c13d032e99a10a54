"""The bodies of Shopify's webhooks, as far as they are read; everything else is ignored.

The number in `admin_graphql_api_id` is text and exact. A number written as one may have been
rounded on its way by whoever reads numbers as floating point, so it is second choice.

The topic is not signed, so a body sent again under another topic must not read as that one's:
what one compliance notice has and another has not is told apart here.
"""

from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field

from connector.errors import BadPayload
from connector.shopify.ids import gid, is_gid, kind_of
from connector.values import Text

Action = Literal["export", "erase"]
_Number = Annotated[int, Field(gt=0, le=2**63 - 1)]
_Numbers = Annotated[
    tuple[_Number, ...], BeforeValidator(lambda value: () if value is None else value)
]


class _Notice(BaseModel):
    model_config = ConfigDict(hide_input_in_errors=True)


class Anything(_Notice):
    """A body of which nothing is needed."""


class Named(_Notice):
    """A body of which only the object's identifier is needed."""

    id: _Number | None = None
    admin_graphql_api_id: Text = ""
    updated_at: AwareDatetime | None = None

    def global_id(self, type_name: str) -> str:
        """The object's global identifier. BadPayload if it has none, or is of another type."""
        written = self.admin_graphql_api_id
        if written:
            if not is_gid(written) or kind_of(written) != type_name:
                raise BadPayload(f"{type_name}: admin_graphql_api_id: is of another object")
            return written
        if self.id is None:
            raise BadPayload(f"{type_name}: id: is missing")
        return gid(type_name, str(self.id))


class _Edit(_Notice):
    order_id: _Number


class OrderEdited(_Notice):
    """`orders/edited`."""

    order_edit: _Edit


class RefundCreated(_Notice):
    """`refunds/create`."""

    order_id: _Number


class CustomersMerged(_Notice):
    """`customers/merge`; `status` is "failed" when nothing was merged."""

    kept: Text = Field(alias="admin_graphql_api_customer_kept_id")
    deleted: Text = Field(alias="admin_graphql_api_customer_deleted_id")
    status: Text = ""


class ShopNotice(_Notice):
    """A body that is the shop itself."""

    id: _Number
    myshopify_domain: Text = ""


class _Person(_Notice):
    id: _Number | None = None
    email: Text = ""
    phone: Text = ""


class PersonNotice(_Notice):
    """What the compliance topics about a customer have in common."""

    shop_domain: Text
    customer: _Person


class _RequestNumber(_Notice):
    id: _Number


class DataRequest(PersonNotice):
    """`customers/data_request`."""

    orders_requested: _Numbers = ()
    data_request: _RequestNumber
    orders_to_redact: None = None


class Redaction(PersonNotice):
    """`customers/redact`."""

    orders_to_redact: _Numbers
    data_request: None = None


class ShopRedaction(_Notice):
    """`shop/redact`."""

    shop_id: _Number
    shop_domain: Text
    customer: None = None
