"""Reading a shop's objects by their identifiers, several at once, each to its last line."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from connector.errors import Refused
from connector.shopify.graphql import Client, next_cursor, nodes
from connector.shopify.ids import gid
from retention.records import ObjectKind

TYPES: Mapping[ObjectKind, str] = {"order": "Order", "product": "Product", "customer": "Customer"}
# What one call may cost at most is limited to 1,000 points; where these are too many it is halved.
_AT_ONCE: Mapping[ObjectKind, int] = {"order": 5, "product": 5, "customer": 50}
_LINES = 30


class Objects:
    """Reads nodes: orders, products and customers, as the documents of their kinds ask for them."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._at_once = dict(_AT_ONCE)

    def one(self, kind: ObjectKind, identifier: str) -> dict[str, Any] | None:
        """The node, None if it is gone. Raises from `connector.errors`."""
        data = self._client.run(f"{kind}s", **_variables(kind, [identifier]))
        return self._whole(kind, data["nodes"][0])

    def each(
        self, kind: ObjectKind, identifiers: Sequence[str]
    ) -> Iterator[tuple[str, dict[str, Any] | Refused | None]]:
        """The nodes one after the other, None where there is none.

        One that the shop cannot give by itself comes as the error; what fails as a whole raises.
        """
        start = 0
        while start < len(identifiers):
            portion = identifiers[start : start + self._at_once[kind]]
            try:
                found = self._some(kind, portion)
            except Refused as error:
                if error.code != "MAX_COST_EXCEEDED" or len(portion) == 1:
                    raise
                self._at_once[kind] = len(portion) // 2
                continue
            yield from found
            start += len(portion)

    def _some(
        self, kind: ObjectKind, identifiers: Sequence[str]
    ) -> list[tuple[str, dict[str, Any] | Refused | None]]:
        data, problems = self._client.run_partial(f"{kind}s", **_variables(kind, identifiers))
        bad = {problem.path[1] for problem in problems if len(problem.path) > 1}
        if problems and not bad:
            raise problems[0].as_error(f"{kind}s")
        return [
            (key, self._alone(kind, key) if at in bad else self._whole(kind, data["nodes"][at]))
            for at, key in enumerate(identifiers)
        ]

    def _alone(self, kind: ObjectKind, identifier: str) -> dict[str, Any] | Refused | None:
        try:
            return self.one(kind, identifier)
        except Refused as error:
            return error

    def _whole(self, kind: ObjectKind, node: dict[str, Any] | None) -> dict[str, Any] | None:
        """An order's node with all of its lines and of its refunds' lines; others as they are."""
        if not node:
            return None
        if kind == "order":
            self._rest(node, "lineItems", "order_lines", "order")
            for refund in node.get("refunds") or ():
                self._rest(refund, "refundLineItems", "refund_lines", "node")
        return node

    def _rest(self, owner: dict[str, Any], field: str, name: str, root: str) -> None:
        after = next_cursor(owner, field)
        while after is not None:
            data = self._client.run(name, id=owner["id"], after=after)
            owner[field]["nodes"].extend(nodes(data, root, field))
            after = next_cursor(data, root, field)


def _variables(kind: ObjectKind, identifiers: Sequence[str]) -> dict[str, Any]:
    variables: dict[str, Any] = {"ids": [gid(TYPES[kind], one) for one in identifiers]}
    if kind == "order":
        variables["lines"] = _LINES
    return variables
