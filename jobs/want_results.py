"""What of a computation's results the store shall show: lists on products, categories on accounts.

What was shown before and is found no more is taken back.
"""

from collections.abc import Collection

from sqlalchemy.orm import Session

from connector.manifest import load
from database import outbox, results
from database.catalogue import published_products
from jobs.context import ActiveStore


def want_lists(session: Session, products: Collection[int] | None = None) -> int:
    """Note the lists of products with these numbers, or of all; how many changed.

    With them go products that shoppers see and that have none yet: they may have been put up for
    sale since.
    """
    if products is None:
        lists = results.recommended(session)
        shown = (published_products(session) & lists.keys()) | outbox.wanting(
            session, "cross_sells", "ours"
        )
    else:
        without = outbox.unlisted(session)
        lists = results.recommended_for(session, products, without)
        shown = {name for name in without & lists.keys() if lists[name]}
        shown |= outbox.wanting(session, "cross_sells", "ours", lists)
    return outbox.want(
        session, "cross_sells", {product: {"ours": lists.get(product, [])} for product in shown}
    )


def want_labels(session: Session, store: ActiveStore) -> int:
    """Note the category that each account shall show; how many accounts changed."""
    return outbox.want(session, "customer", _labels(session, store))


def _labels(session: Session, store: ActiveStore) -> dict[str, dict[str, str | None]]:
    """The category that each account shall show, as a field and, where that is wanted, as a tag."""
    fields = load().platforms[store.platform.name].customer_fields
    categories = results.second_categories(session)
    shown = {fields["second_purchase_category"]: categories}
    if tag := fields.get("second_purchase_tag"):
        shown[tag] = categories if store.settings.customer_tags else {}
    wanted: dict[str, dict[str, str | None]] = {}
    for name, texts in shown.items():
        for account in texts.keys() | outbox.wanting(session, "customer", name):
            wanted.setdefault(account, {})[name] = texts.get(account)
    return wanted
