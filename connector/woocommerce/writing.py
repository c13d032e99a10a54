"""Writing to a WooCommerce store: cross-sells on products, meta data on customers.

Batches skip the check of their items, so all is checked before it is sent, and every slot of
the answer is compared with what was sent.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from connector.batches import Change, is_identifier, refuse_cross_sells, sort_out
from connector.errors import BadPayload, TemporaryError
from connector.platform import CrossSells, CustomerFields, Written
from connector.values import validate
from connector.woocommerce.client import Client
from connector.woocommerce.parse import product_of, read_account
from connector.woocommerce.payloads import CustomerPayload, ProductPayload
from connector.woocommerce.reading import NEEDS_ADMINISTRATOR

BATCH_SIZE = 100

# Keys that WordPress and WooCommerce keep for themselves: a value written under one of them
# vanishes, or changes the customer's address, name or login.
INTERNAL_PREFIXES = ("_", "wp_", "wptests_", "billing_", "shipping_")
INTERNAL_KEYS = frozenset(
    {
        "admin_color", "comment_shortcuts", "description", "dismissed_wp_pointers",
        "display_name", "email", "first_name", "last_name", "last_update", "locale", "nickname",
        "paying_customer", "rich_editing", "role", "session_tokens", "show_admin_bar_front",
        "show_welcome_panel", "syntax_highlighting", "use_ssl", "username",
    }
)  # fmt: skip


class Writer:
    """The calls that change products and customers."""

    def __init__(self, client: Client, region: str) -> None:
        self._client = client
        self._region = region

    def write_cross_sells(self, changes: Sequence[CrossSells]) -> Sequence[Written]:
        """Write each list as a whole, without what it has twice; one answer per change, in order.

        A list with an identifier that is none, or with the product itself, is not sent. The
        store does not check whether the products in it exist.

        Raises:
            ValueError: a product is there twice.
            ConnectorError: a whole call failed. Portions of a hundred before it are written, so
                a caller that keeps the answers gives at most a hundred at once.
        """
        return self._write(
            changes,
            "products/batch",
            identify=lambda change: change.product_id,
            refuse=refuse_cross_sells,
            item=lambda change: {
                "id": int(change.product_id),
                "cross_sell_ids": _cross_sell_ids(change),
            },
            compare=_compare_cross_sells,
        )

    def write_customers(self, changes: Sequence[CustomerFields]) -> Sequence[Written]:
        """Write the fields of each account; one answer per change, in order.

        Keys that WordPress keeps for itself are refused. Raises as `write_cross_sells` does.
        """
        return self._write(
            changes,
            "customers/batch",
            identify=lambda change: change.account_id,
            refuse=_refuse_fields,
            item=lambda change: {
                "id": int(change.account_id),
                "meta_data": [{"key": key, "value": value} for key, value in change.fields.items()],
            },
            compare=self._compare_fields,
        )

    def _write(
        self,
        changes: Sequence[Change],
        endpoint: str,
        *,
        identify: Callable[[Change], str],
        refuse: Callable[[Change], str | None],
        item: Callable[[Change], Mapping[str, Any]],
        compare: Callable[[Change, Mapping[str, Any]], Written],
    ) -> Sequence[Written]:
        written, good = sort_out(changes, identify, refuse)
        for start in range(0, len(good), BATCH_SIZE):
            portion = good[start : start + BATCH_SIZE]
            slots = self._batch(endpoint, [item(change) for change in portion])
            for change, slot in zip(portion, slots, strict=True):
                identifier = identify(change)
                written[identifier] = _failed(identifier, slot) or compare(change, slot)
        return list(written.values())

    def _batch(
        self, endpoint: str, items: Sequence[Mapping[str, Any]]
    ) -> Iterator[Mapping[str, Any]]:
        content = self._client.post(endpoint, {"update": items}).content
        slots = content.get("update") if isinstance(content, dict) else None
        sent = [entry["id"] for entry in items]
        answered = [slot.get("id") for slot in slots or [] if isinstance(slot, dict)]
        if not isinstance(slots, list) or answered != sent:
            raise TemporaryError(f"POST {endpoint}: answered other objects than were sent")
        return iter(slots)

    def _compare_fields(self, change: CustomerFields, slot: Mapping[str, Any]) -> Written:
        try:
            payload = validate(CustomerPayload, slot)
            record = read_account(slot, self._region)
        except BadPayload as unread:
            return Written(change.account_id, str(unread), permanent=True)
        if payload.meta_data is None:
            return Written(change.account_id, NEEDS_ADMINISTRATOR, permanent=True, record=record)
        for key, value in change.fields.items():
            kept = [meta.value for meta in payload.meta_data if meta.key == key]
            if kept != ([] if value is None else [value]):
                error = f"{key}: the store did not keep what was written"
                return Written(change.account_id, error, permanent=True, record=record)
        return Written(change.account_id, record=record)


def _failed(identifier: str, slot: Mapping[str, Any]) -> Written | None:
    """What a slot's error means, or None if it has none."""
    error = slot.get("error")
    if error is None:
        return None
    error = error if isinstance(error, dict) else {}
    data = error.get("data")
    status = data.get("status") if isinstance(data, dict) else data
    code = str(error.get("code", ""))
    is_passing = (
        not isinstance(status, int)
        or status in (408, 429)
        or (status >= 500 and not code.startswith("woocommerce_rest_"))
    )
    return Written(identifier, f"{status} {code}".strip(), permanent=not is_passing)


def _refuse_fields(change: CustomerFields) -> str | None:
    if not is_identifier(change.account_id):
        return f"{change.account_id!r} is not a customer's identifier"
    for key in change.fields:
        is_internal = key.startswith(INTERNAL_PREFIXES) or key in INTERNAL_KEYS
        if is_internal or not 0 < len(key) <= 255:
            return f"{key[:60]!r} is a key that WordPress keeps for itself, drops or cuts"
    return None


def _cross_sell_ids(change: CrossSells) -> list[int]:
    return [int(identifier) for identifier in dict.fromkeys(change.cross_sell_ids)]


def _compare_cross_sells(change: CrossSells, slot: Mapping[str, Any]) -> Written:
    try:
        record = product_of(validate(ProductPayload, slot))
    except BadPayload as unread:
        return Written(change.product_id, str(unread), permanent=True)
    if slot.get("cross_sell_ids") == _cross_sell_ids(change):
        return Written(change.product_id, record=record)
    error = "the store did not keep the cross-sells that were written"
    return Written(change.product_id, error, permanent=True, record=record)
