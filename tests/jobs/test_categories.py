"""Categories that are renamed, moved, emptied, filled and deleted, on both platforms."""

import pytest
from sqlalchemy import select

from database import catalogue
from database.models import Product, Store
from jobs.drain import drain
from jobs.reconcile import reconcile
from retention.records import Category
from sandbox.operations import categories
from sandbox.store import Store as PretendStore
from tests.conftest import Installed, work_off
from tests.jobs.conftest import compute, order_days_ago, settle
from tests.merchant import Merchant
from tests.shop import Shop

ADA = "ada@example.test"


def number(store: PretendStore, name: str) -> int:
    return next(one.id for one in store.categories.values() if one.name == name)


def known(store: Installed | Merchant) -> dict[str, Category]:
    """The categories that we know, by their names."""
    with store.scope() as session:
        return {record.name: record for _, record in catalogue.categories(session).values()}


def places(store: Installed | Merchant, product: int) -> list[str]:
    """The identifiers of the categories in which we know a product to be."""
    with store.scope() as session:
        return list(
            session.scalars(
                select(Product.category_ids).where(Product.external_id == str(product))
            ).one()
        )


def is_dirty(store: Installed | Merchant) -> bool:
    with store.scope() as session:
        return session.scalars(select(Store.dirty_since)).one() is not None


class TestWooCommerce:
    """A store that tells nothing of its categories: all is found within the hour."""

    def test_a_new_name_reaches_the_accounts(self, installed: Installed, shop: Shop) -> None:
        order_days_ago(installed, 3, "House Blend Beans", email=ADA)
        order_days_ago(installed, 1, "Green Tea", email=ADA)
        settle(installed)
        compute(installed)
        assert shop.meta(ADA)["bazgasht_second_purchase_category"] == "Tea"
        store = installed.sandbox.store
        categories.change(store, number(store, "Tea"), name="Teas")
        reconcile(str(installed.id))
        assert is_dirty(installed)
        compute(installed)
        assert shop.meta(ADA)["bazgasht_second_purchase_category"] == "Teas"

    def test_a_category_that_was_moved_has_its_new_parent(self, installed: Installed) -> None:
        store = installed.sandbox.store
        clothing = number(store, "Clothing")
        categories.change(store, number(store, "Tea"), parent=clothing)
        reconcile(str(installed.id))
        assert known(installed)["Tea"].parent_id == str(clothing)
        assert is_dirty(installed)

    def test_the_products_of_a_deleted_category_are_read_again(
        self, installed: Installed, shop: Shop
    ) -> None:
        store = installed.sandbox.store
        green, beanie = shop.product_id("Green Tea"), shop.product_id("Beanie")
        tea, clothing = number(store, "Tea"), number(store, "Clothing")
        shop.change(f"products/{beanie}", categories=[{"id": tea}, {"id": clothing}])
        installed.catch_up()
        assert places(installed, beanie) == [str(tea), str(clothing)]
        categories.delete(store, tea)
        reconcile(str(installed.id))
        assert "Tea" not in known(installed)
        assert places(installed, green) == [str(number(store, "Uncategorized"))]
        assert places(installed, beanie) == [str(clothing)]
        assert is_dirty(installed)

    def test_those_below_a_deleted_category_move_up(self, installed: Installed) -> None:
        store = installed.sandbox.store
        categories.delete(store, number(store, "Drinks"))
        reconcile(str(installed.id))
        assert "Drinks" not in known(installed)
        assert known(installed)["Tea"].parent_id is None


@pytest.fixture
def by_collection(merchant: Merchant) -> Merchant:
    """A shop where the teas are known by their collections alone."""
    shop = merchant.shop.shop
    for name in ("Green Tea", "Earl Grey"):
        shop.classification.without_category.add(merchant.product(name))
        shop.classification.without_type.add(merchant.product(name))
        merchant.shop.merchant.change_product(merchant.product(name))
    catch_up(merchant)
    return merchant


def catch_up(merchant: Merchant) -> None:
    """Handle what the shop has told, and nothing more: no hourly reading."""
    merchant.shop.drain_deliveries()
    drain(str(merchant.id))


def collection(merchant: Merchant, name: str) -> tuple[int, str]:
    """A collection's number and our identifier."""
    found = number(merchant.shop.store, name)
    return found, f"Collection/{found}"


class TestShopify:
    """A shop that tells of its collections."""

    def test_a_new_name_is_known_at_once(self, by_collection: Merchant) -> None:
        tea, identifier = collection(by_collection, "Tea")
        by_collection.shop.merchant.rename_collection(tea, "Teas")
        catch_up(by_collection)
        with by_collection.scope() as session:
            found = catalogue.categories(session)[identifier]
        assert found[1] == Category(identifier, "Teas")
        assert is_dirty(by_collection)

    def test_who_comes_into_a_collection_by_hand_lies_in_it(self, by_collection: Merchant) -> None:
        clothing, identifier = collection(by_collection, "Clothing")
        green = by_collection.product("Green Tea")
        tea, before = collection(by_collection, "Tea")
        assert places(by_collection, green) == [before]
        merchant = by_collection.shop.merchant
        merchant.fill_collection(clothing, green, take_out=False)
        catch_up(by_collection)
        # The first collection counts, which is that of the lower number.
        assert places(by_collection, green) == [before]
        merchant.fill_collection(tea, green, take_out=True)
        catch_up(by_collection)
        assert places(by_collection, green) == [identifier]
        merchant.fill_collection(tea, green, take_out=False)
        catch_up(by_collection)
        assert places(by_collection, green) == [before]

    def test_a_deleted_collection_leaves_its_products_to_the_next(
        self, by_collection: Merchant
    ) -> None:
        tea, identifier = collection(by_collection, "Tea")
        clothing, following = collection(by_collection, "Clothing")
        green, grey = by_collection.product("Green Tea"), by_collection.product("Earl Grey")
        by_collection.shop.merchant.fill_collection(clothing, green, take_out=False)
        catch_up(by_collection)
        assert places(by_collection, grey) == [identifier]
        by_collection.shop.merchant.delete_collection(tea)
        catch_up(by_collection)
        with by_collection.scope() as session:
            assert identifier not in catalogue.categories(session)
        assert places(by_collection, green) == [following]
        assert is_dirty(by_collection)

    def test_what_was_missed_is_found_within_the_hour(self, by_collection: Merchant) -> None:
        tea, identifier = collection(by_collection, "Tea")
        clothing, following = collection(by_collection, "Clothing")
        green = by_collection.product("Green Tea")
        by_collection.shop.store.listener = lambda _topic, _number: None
        by_collection.shop.merchant.rename_collection(clothing, "Clothes")
        by_collection.shop.merchant.fill_collection(clothing, green, take_out=False)
        by_collection.shop.merchant.delete_collection(tea)
        reconcile(str(by_collection.id))
        with by_collection.scope() as session:
            found = catalogue.categories(session)
        assert identifier not in found
        assert found[following][1].name == "Clothes"
        assert places(by_collection, green) == [following]
        work_off(by_collection.context)
