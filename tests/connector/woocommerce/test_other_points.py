"""Balances that another programme shows in a WooCommerce store, on recorded customers."""

from typing import Any

import pytest

from connector.errors import PermanentError
from connector.platform import OtherBalance
from tests.connector.conftest import Open
from tests.connector.recordings import Recorded, answer, content


def listed(*customers: Any) -> Recorded:
    return answer(list(customers), X_WP_Total=str(len(customers)), X_WP_TotalPages="1")


def account(number: int, *values: Any) -> Any:
    """A recorded customer on whom the plugin's sum is shown."""
    meta = [{"id": 7, "key": "wc_points_balance", "value": value} for value in values]
    recorded = content("customer_get")
    return recorded | {"id": number, "meta_data": [*recorded["meta_data"], *meta]}


def test_each_accounts_sum_is_read_from_its_meta_data(open_store: Open) -> None:
    shown = listed(account(1, "120"), account(2, 30), account(3), account(4, ""), account(5, "-4"))
    store, replay = open_store({"GET customers": [shown]})
    assert list(store.other_balances()) == [
        (OtherBalance("1", 120), OtherBalance("2", 30), OtherBalance("5", -4))
    ]
    assert replay.calls[0].query["role"] == "all"


@pytest.mark.parametrize("value", ["many", "1.5", [1], {"a": 1}, "--3", "۱۲"])
def test_what_is_no_whole_number_is_told_as_such(open_store: Open, value: Any) -> None:
    store, _ = open_store({"GET customers": [listed(account(1, value))]})
    assert list(store.other_balances()) == [(OtherBalance("1", None),)]


def test_a_key_that_shows_no_meta_data_is_told_what_it_needs(open_store: Open) -> None:
    store, _ = open_store({"GET customers": [listed(content("shop_manager_customer_get"))]})
    with pytest.raises(PermanentError, match="an administrator of the store"):
        list(store.other_balances())
