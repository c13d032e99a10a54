"""The lists in the store itself, at both pretend platforms: what is in them, and in what order."""

import json
import time
from contextlib import AbstractContextManager
from typing import Protocol
from uuid import UUID

import pytest
from sqlalchemy.orm import Session

from database import choices, stores
from retention.listing import EVERY_LIST
from sandbox.operations import products
from sandbox.store import Store
from tests.conftest import Installed
from tests.jobs.conftest import compute, set_settings, settle
from tests.merchant import Merchant
from tests.shop import Shop

BEANS, ROAST, DECAF, PRESS, FILTERS = (
    "House Blend Beans",
    "Espresso Roast",
    "Decaf Beans",
    "French Press",
    "Paper Filters",
)
TEA, EARL, SOCKS, BEANIE = "Green Tea", "Earl Grey", "Socks", "Beanie"
LENGTH = 5
PEOPLE = ("ada@example.test", "sara@example.test", "reza@example.test")


class Seller(Protocol):
    """A store with the app installed, whatever its platform."""

    id: UUID

    def scope(self) -> AbstractContextManager[Session]: ...

    @property
    def goods(self) -> Store: ...

    def buy(self, email: str, *names: str) -> None: ...

    def shown(self, name: str) -> list[str]: ...


class WooCommerceSeller:
    def __init__(self, installed: Installed) -> None:
        self.installed, self.id, self.scope = installed, installed.id, installed.scope
        self.shop = Shop(installed.sandbox)

    @property
    def goods(self) -> Store:
        return self.installed.sandbox.store

    def buy(self, email: str, *names: str) -> None:
        self.shop.order(*names, email=email)

    def shown(self, name: str) -> list[str]:
        settle(self.installed)
        compute(self.installed)
        settle(self.installed)
        return [self.goods.products[number].name for number in self.shop.cross_sells(name)]


class ShopifySeller:
    def __init__(self, merchant: Merchant) -> None:
        self.merchant, self.id, self.scope = merchant, merchant.id, merchant.scope

    @property
    def goods(self) -> Store:
        return self.merchant.shop.store

    def buy(self, email: str, *names: str) -> None:
        self.merchant.buy(email, *names)

    def shown(self, name: str) -> list[str]:
        self.merchant.catch_up()
        self.merchant.compute()
        gid = f"gid://shopify/Product/{self.merchant.product(name)}"
        field = self.merchant.metafields("product_recommendations", gid)["ours"]
        numbers = [int(one.rpartition("/")[2]) for one in json.loads(field["value"])]  # type: ignore[index]
        return [self.goods.products[number].name for number in numbers]


@pytest.fixture(params=["woocommerce", "shopify"])
def seller(request: pytest.FixtureRequest) -> Seller:
    """A store where beans are bought with all other goods for coffee, and with tea; others less."""
    seller: Seller
    if request.param == "shopify":
        seller = ShopifySeller(request.getfixturevalue("merchant"))
    else:
        seller = WooCommerceSeller(request.getfixturevalue("installed"))
    set_settings(seller, recommendations_per_product=LENGTH, largest_category_percent=100)
    for email in PEOPLE:
        seller.buy(email, BEANS, ROAST, DECAF, PRESS, FILTERS)
    for email in PEOPLE[:2]:
        seller.buy(email, BEANS, TEA)
    seller.buy("smile@example.test", SOCKS, BEANIE, EARL)
    return seller


def choose(seller: Seller, kind: choices.Kind, name: str, of: str | None = None) -> None:
    with seller.scope() as session:
        number = choices.product_number(session, f"name:{name}")
        in_list = choices.product_number(session, f"name:{of}") if of else EVERY_LIST
        choices.choose(session, kind, number, in_list)
        stores.mark_dirty(session)


def product_of(seller: Seller, name: str) -> int:
    return next(one.id for one in seller.goods.products.values() if one.name == name)


def set_stock(seller: Seller, name: str, pieces: int) -> None:
    time.sleep(1)  # News of the second in which a product was last read waits for polling.
    with seller.goods.lock:
        product = seller.goods.products[product_of(seller, name)]
        product.manage_stock, product.stock_quantity = True, pieces
        products.changed(seller.goods, product)


def test_what_sells_out_is_replaced_until_it_is_back(seller: Seller) -> None:
    before = seller.shown(BEANS)
    assert len(before) == LENGTH
    assert ROAST in before
    set_stock(seller, ROAST, 0)
    without = seller.shown(BEANS)
    assert ROAST not in without
    assert len(without) == LENGTH
    assert [one for one in without if one in before] == [one for one in before if one != ROAST]
    set_stock(seller, ROAST, 7)
    assert seller.shown(BEANS) == before


def test_what_is_banned_is_replaced_in_its_list_or_in_all(seller: Seller) -> None:
    before = seller.shown(BEANS)
    choose(seller, "ban", ROAST, of=BEANS)
    without = seller.shown(BEANS)
    assert (ROAST in without, len(without)) == (False, LENGTH)
    assert ROAST in seller.shown(DECAF)
    choose(seller, "ban", FILTERS)
    without = seller.shown(DECAF)
    assert (FILTERS in without, len(without)) == (False, LENGTH)
    assert {ROAST, FILTERS}.isdisjoint(seller.shown(BEANS))
    assert ROAST in before


def test_what_is_pinned_goes_first_its_own_lists_before_all(seller: Seller) -> None:
    choose(seller, "pin", SOCKS)
    choose(seller, "pin", EARL, of=BEANS)
    assert seller.shown(BEANS)[:2] == [EARL, SOCKS]
    assert seller.shown(DECAF)[0] == SOCKS
    set_stock(seller, SOCKS, 0)
    assert seller.shown(BEANS)[0] == EARL
    assert SOCKS not in seller.shown(DECAF)


def test_no_category_has_more_than_its_share(seller: Seller) -> None:
    coffee = {BEANS, ROAST, DECAF, PRESS, FILTERS}
    assert len(coffee.intersection(seller.shown(BEANS))) == 4
    # 40 % of five are two; the others of coffee have given way to other categories.
    set_settings(seller, largest_category_percent=40)
    with seller.scope() as session:
        stores.mark_dirty(session)
    varied = seller.shown(BEANS)
    assert len(varied) == LENGTH
    assert len(coffee.intersection(varied)) == 2
