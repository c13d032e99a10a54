"""One call of the Admin API, and what resolvers are."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from graphql import GraphQLError

from sandbox.shopify.bulk.operations import BulkOperations
from sandbox.shopify.events import Events
from sandbox.shopify.shop import Shop

DOCUMENTATION = "https://shopify.dev/api/usage"


@dataclass
class Call:
    """What resolvers work with. In a bulk operation connections give all their nodes."""

    shop: Shop
    events: Events
    bulk: BulkOperations
    is_bulk: bool = False
    warnings: list[dict[str, Any]] = field(default_factory=list)

    def require(self, scope: str, field_name: str) -> None:
        """Refuse what the merchant has not granted, as a GraphQL error."""
        if self.shop.has_scope(scope):
            return
        access = f"`{scope}` access scope."
        raise GraphQLError(
            f"Access denied for {field_name} field. Required access: {access}",
            extensions={
                "code": "ACCESS_DENIED",
                "documentation": f"{DOCUMENTATION}/access-scopes",
                "requiredAccess": access,
            },
        )


# A resolver takes the object that has the field, the call, and the field's arguments.
Resolver = Callable[..., Any]
Resolvers = dict[str, dict[str, Resolver]]


def user_error(message: str, *path: str, **more: Any) -> dict[str, Any]:
    """What a mutation answers about bad input; `path` leads to the input."""
    return {"field": list(path) or None, "message": message, **more}


def bad_request(message: str) -> GraphQLError:
    """The refusal of arguments that no schema can rule out."""
    return GraphQLError(message, extensions={"code": "BAD_REQUEST"})
