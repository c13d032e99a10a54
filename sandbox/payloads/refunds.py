"""Bodies of refunds."""

from sandbox import clock, money
from sandbox.payloads.common import Payload, links, meta_list
from sandbox.payloads.lines import line_payload
from sandbox.records import Refund
from sandbox.store import Store


def refund_payload(store: Store, refund: Refund) -> Payload:
    """The body of GET orders/<id>/refunds/<id>."""
    created, created_gmt = clock.both_texts(refund.created, store.zone)
    collection = f"orders/{refund.order_id}/refunds"
    found = links(store, collection, refund.id, ("GET", "DELETE"))
    found["up"] = [{"href": f"{store.url}/wp-json/wc/v3/orders/{refund.order_id}"}]
    return {
        "id": refund.id,
        "date_created": created,
        "date_created_gmt": created_gmt,
        "amount": money.to_text(refund.amount, store.settings.decimals),
        "reason": refund.reason,
        "refunded_by": refund.refunded_by,
        "refunded_payment": refund.refunded_payment,
        "meta_data": meta_list(refund.meta),
        "line_items": [line_payload(store, line) for line in refund.lines],
        "shipping_lines": [],
        "tax_lines": [],
        "fee_lines": [],
        "_links": found,
    }
