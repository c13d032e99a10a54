"""The Complete Journey as a store, on a few baskets worked out by hand."""

from datetime import datetime
from pathlib import Path

import polars as pl
import pytest

from sandbox import journey
from sandbox.journey_names import person_name, product_name
from sandbox.store import Store

GOODS = [
    (10, "GROCERY", "BREAD", "BREAD:WHITE/TOAST"),
    (11, "GROCERY", "BREAD", "BREAD:WHITE/TOAST"),
    (12, "PASTRY", "BREAD", "ROLLS"),
    (13, "MISC", "COUPON/MISC ITEMS", "GASOLINE-REG UNLEADED"),
    (14, "DELI", None, None),
]
BASKETS = [
    (1, 1, 10, 1, 1.50, "2017-01-02T10:00"),
    (2, 2, 10, 2, 3.00, "2017-01-03T09:00"),
    (2, 2, 11, 1, 1.50, "2017-01-03T09:00"),
    (2, 2, 12, 1, 0.80, "2017-01-03T09:00"),
    (2, 2, 10, 0, 0.00, "2017-01-03T09:00"),
    (2, 3, 13, 10_000, 25.00, "2017-06-01T12:00"),
    (2, 3, 14, 0, 2.00, "2017-06-01T12:00"),
    (2, 3, 12, 1, 0.00, "2017-06-01T12:00"),
    (1, 4, 10, 1, 1.60, "2017-12-30T08:00"),
    # The clock jumps from 02:00 to 03:00 in this night, so 02:30 never was.
    *((n, 100 + n, 14, 1, 4.00, "2017-03-12T02:30") for n in range(3, 21)),
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    names = ["product_id", "department", "product_category", "product_type"]
    pl.DataFrame(GOODS, schema=names, orient="row").write_parquet(tmp_path / "products.parquet")
    columns = [
        "household_id",
        "basket_id",
        "product_id",
        "quantity",
        "sales_value",
        "transaction_timestamp",
    ]
    baskets = pl.DataFrame(BASKETS, schema=columns, orient="row")
    moments = pl.col("transaction_timestamp").str.to_datetime("%Y-%m-%dT%H:%M", time_unit="ns")
    baskets.with_columns(moments).write_parquet(tmp_path / "transactions.parquet")
    return tmp_path


@pytest.fixture
def store(folder: Path) -> Store:
    # Of 22 baskets the last one is live.
    return journey.load(None, 21 / 22, folder)


def lines_of(store: Store, created: int) -> list[tuple[str, int, int]]:
    (order,) = (order for order in store.orders.values() if order.created == created)
    return [(line.name, line.quantity, line.total) for line in order.lines]


def moment(text: str) -> int:
    return int(datetime.fromisoformat(f"{text}+00:00").timestamp())


def test_catalogue(store: Store) -> None:
    found = {
        product.name: (product.regular_price, store.categories[product.category_ids[0]])
        for product in store.products.values()
    }
    assert {name: price for name, (price, _category) in found.items()} == {
        "Bread: White / Toast": "1.50",
        "Rolls": "0.80",
        "Gasoline-Reg Unleaded": "25.00",
        "Deli": "4.00",
    }
    bread = found["Rolls"][1]
    assert bread.name == "Bread"
    assert store.categories[bread.parent].name == "Grocery"


def test_basket_is_a_completed_order_with_lines_added_up(store: Store) -> None:
    morning = moment("2017-01-03T14:00:00")
    assert lines_of(store, morning) == [("Bread: White / Toast", 3, 450), ("Rolls", 1, 80)]
    (order,) = (order for order in store.orders.values() if order.created == morning)
    assert (order.status, order.modified, order.paid) == ("completed", morning, morning)
    customer = store.customers[order.customer_id]
    assert (customer.email, customer.is_paying) == ("household-2@example.com", True)


def test_odd_quantities(store: Store) -> None:
    assert lines_of(store, moment("2017-06-01T16:00:00")) == [
        ("Deli", 1, 200),
        ("Rolls", 1, 0),
        ("Gasoline-Reg Unleaded", 1, 2500),
    ]


def test_newcomer_buys_first_in_the_live_stretch(store: Store) -> None:
    (checkout,) = store.upcoming
    assert checkout.email == "household-1@example.com"
    assert checkout.created == moment("2017-12-30T13:00:00")
    assert [(quantity, cents) for _id, quantity, cents in checkout.items] == [(1, 160)]
    assert checkout.email not in store.customer_ids_by_email


def test_every_twentieth_household_is_a_guest(store: Store) -> None:
    guests = [order for order in store.orders.values() if order.customer_id == 0]
    assert [order.billing["email"] for order in guests] == ["household-20@example.com"]
    # The merchant, and households 2 to 19.
    assert len(store.customers) == 19
    assert {order.created for order in guests} == {moment("2017-03-12T07:30:00")}


def test_fewer_households_are_spread_evenly(folder: Path) -> None:
    store = journey.load(4, 1.0, folder)
    emails = {order.billing["email"] for order in store.orders.values()}
    # Places 0, 5, 10 and 15 of 20; the first is the newcomer.
    assert emails == {f"household-{n}@example.com" for n in (6, 11, 16)}
    assert not store.upcoming


def test_bad_arguments_are_named(folder: Path) -> None:
    with pytest.raises(ValueError, match="history_share is 0"):
        journey.load(4, 0, folder)
    with pytest.raises(ValueError, match="households is 0"):
        journey.load(0, 1.0, folder)


def test_names() -> None:
    assert product_name("SALAD BAR:*KID'S  (1/2 LB)") == "Salad Bar: *Kid's (1 / 2 Lb)"
    assert product_name("-") == "Sundries"
    assert person_name(7) == person_name(7)
    assert len({person_name(number) for number in range(1, 2501)}) > 1500
