"""What is sent, and every slot of the answer judged."""

from collections.abc import Mapping
from typing import Any

import pytest

from connector.errors import CredentialsRefused, Refused, TemporaryError
from connector.manifest import load
from connector.platform import CrossSells, CustomerFields, Written
from connector.woocommerce.reading import NEEDS_ADMINISTRATOR
from retention.records import Account, Product
from tests.connector.conftest import Open
from tests.connector.recordings import Recorded, answer, content, recorded

PRODUCTS = "POST products/batch"
CUSTOMERS = "POST customers/batch"


def product(identifier: int, cross_sell_ids: object) -> dict[str, Any]:
    return {**content("product_get"), "id": identifier, "cross_sell_ids": cross_sell_ids}


def customer(identifier: int, meta: Mapping[str, object] | None) -> dict[str, Any]:
    whole = {**content("customer_get"), "id": identifier}
    if meta is None:
        return {key: value for key, value in whole.items() if key != "meta_data"}
    listed = [
        {"id": place, "key": key, "value": value} for place, (key, value) in enumerate(meta.items())
    ]
    return {**whole, "meta_data": listed}


def batch(*slots: object) -> Recorded:
    return answer({"update": list(slots)})


def cross_sells(identifier: str, *others: str) -> CrossSells:
    return CrossSells(identifier, others)


def test_one_product_that_is_gone_does_not_hold_up_the_others(open_store: Open) -> None:
    store, replay = open_store({PRODUCTS: [recorded("products_batch_update_one_bad_id")]})
    written = store.write_cross_sells(
        [cross_sells("71", "72"), cross_sells("999999", "71"), cross_sells("70", "71")]
    )
    assert replay.calls[0].content == {
        "update": [
            {"id": 71, "cross_sell_ids": [72]},
            {"id": 999999, "cross_sell_ids": [71]},
            {"id": 70, "cross_sell_ids": [71]},
        ]
    }
    assert [(one.id, one.error, one.permanent) for one in written] == [
        ("71", None, False),
        ("999999", "400 woocommerce_rest_product_invalid_id", True),
        ("70", None, False),
    ]
    assert isinstance(written[0].record, Product)
    assert written[0].record.cross_sell_ids == ("72",)
    assert written[1].record is None


def test_a_variation_is_refused_for_good(open_store: Open) -> None:
    store, _ = open_store({PRODUCTS: [recorded("products_batch_variation_id")]})
    assert store.write_cross_sells([cross_sells("74", "71")]) == [
        Written("74", "404 woocommerce_rest_invalid_product_id", permanent=True)
    ]


@pytest.mark.parametrize("name", ["cross_sell_batch_string", "cross_sell_batch_bad_elements"])
def test_a_list_that_the_store_did_not_keep_is_an_error(open_store: Open, name: str) -> None:
    store, _ = open_store({PRODUCTS: [recorded(name)]})
    (written,) = store.write_cross_sells([cross_sells("71", "68", "70")])
    assert written.error == "the store did not keep the cross-sells that were written"
    assert written.permanent
    assert isinstance(written.record, Product)


def test_lists_are_checked_before_they_are_sent(open_store: Open) -> None:
    store, replay = open_store({PRODUCTS: [batch(product(7, [9, 8]))]})
    written = store.write_cross_sells(
        [
            cross_sells("1", "abc"),
            cross_sells("2", "0"),
            cross_sells("3", "-4"),
            cross_sells("4", "4"),
            cross_sells("x", "1"),
            cross_sells("5", "1" * 19),
            cross_sells("7", "9", "8", "9"),
        ]
    )
    assert replay.calls[0].content == {"update": [{"id": 7, "cross_sell_ids": [9, 8]}]}
    assert [one.permanent for one in written] == [True] * 6 + [False]
    assert written[0].error == (
        "'abc' is not a product's identifier; it must be a whole number above 0"
    )
    assert written[3].error == "a product cannot be its own cross-sell"
    assert written[6].error is None


def test_an_empty_list_clears_and_nothing_to_send_is_not_sent(open_store: Open) -> None:
    store, replay = open_store({PRODUCTS: [batch(product(7, []))]})
    assert [one.error for one in store.write_cross_sells([cross_sells("7")])] == [None]
    assert store.write_cross_sells([]) == []
    assert len(store.write_cross_sells([cross_sells("7", "7")])) == 1
    assert len(replay.calls) == 1


def test_batches_have_at_most_a_hundred_items(open_store: Open) -> None:
    answers = [
        batch(*(product(number, [900]) for number in range(first, last)))
        for first, last in ((1, 101), (101, 201), (201, 206))
    ]
    store, replay = open_store({PRODUCTS: answers})
    written = store.write_cross_sells([cross_sells(str(one), "900") for one in range(1, 206)])
    assert [len(call.content["update"]) for call in replay.calls] == [100, 100, 5]
    assert [one.id for one in written] == [str(number) for number in range(1, 206)]
    assert all(one.error is None for one in written)


def test_an_object_twice_in_one_call_is_a_mistake(open_store: Open) -> None:
    store, replay = open_store({})
    with pytest.raises(ValueError, match="7 is there twice"):
        store.write_cross_sells([cross_sells("7", "8"), cross_sells("7", "9")])
    assert replay.calls == []


def test_a_write_is_repeated_until_it_is_answered(open_store: Open) -> None:
    store, replay = open_store(
        {PRODUCTS: [answer({}, 502), Recorded(b'{"update":['), batch(product(7, [8]))]}
    )
    assert [one.error for one in store.write_cross_sells([cross_sells("7", "8")])] == [None]
    assert len(replay.calls) == 3


@pytest.mark.parametrize(
    "strange", [batch(), batch(product(8, [9])), answer({}), answer([]), answer({"update": None})]
)
def test_an_answer_about_other_objects_is_temporary(open_store: Open, strange: Recorded) -> None:
    store, _ = open_store({PRODUCTS: [strange]})
    with pytest.raises(TemporaryError, match="other objects than were sent"):
        store.write_cross_sells([cross_sells("7", "9")])


def test_a_call_that_fails_as_a_whole_raises(open_store: Open) -> None:
    store, _ = open_store({PRODUCTS: [recorded("products_batch_101_413")]})
    with pytest.raises(Refused, match="413"):
        store.write_cross_sells([cross_sells("7", "9")])
    store, _ = open_store({CUSTOMERS: [recorded("auth_readonly_key_write")]})
    with pytest.raises(CredentialsRefused, match="401"):
        store.write_customers([CustomerFields("2", {"points": "5"})])


def slot(status: object, code: str = "x") -> dict[str, Any]:
    return {"id": 7, "error": {"code": code, "message": "secret", "data": {"status": status}}}


@pytest.mark.parametrize(
    ("failed", "error", "permanent"),
    [
        (slot(404), "404 x", True),
        (slot(400), "400 x", True),
        (slot(429), "429 x", False),
        (slot(500), "500 x", False),
        (slot(500, "woocommerce_rest_cannot_edit"), "500 woocommerce_rest_cannot_edit", True),
        ({"id": 7, "error": {"code": "x", "data": 500}}, "500 x", False),
        ({"id": 7, "error": []}, "None", False),
    ],
)
def test_a_slots_error_is_for_good_or_for_now(
    open_store: Open, failed: dict[str, Any], error: str, *, permanent: bool
) -> None:
    store, _ = open_store({PRODUCTS: [batch(failed)]})
    assert store.write_cross_sells([cross_sells("7", "9")]) == [
        Written("7", error, permanent=permanent)
    ]


def test_customers_fields_are_written_and_one_that_is_gone_told(open_store: Open) -> None:
    store, replay = open_store({CUSTOMERS: [recorded("customers_batch")]})
    written = store.write_customers(
        [CustomerFields("2", {"points": "5"}), CustomerFields("999999", {})]
    )
    assert replay.calls[0].content == {
        "update": [
            {"id": 2, "meta_data": [{"key": "points", "value": "5"}]},
            {"id": 999999, "meta_data": []},
        ]
    }
    assert [(one.id, one.error, one.permanent) for one in written] == [
        ("2", None, False),
        ("999999", "404 wc_user_invalid_id", True),
    ]
    assert isinstance(written[0].record, Account)


def test_none_deletes_a_field(open_store: Open) -> None:
    gone = content("customer_meta_null_deletes")
    store, replay = open_store({CUSTOMERS: [batch(gone)]})
    (written,) = store.write_customers([CustomerFields("2", {"points_i": None, "points": "10"})])
    assert replay.calls[0].content["update"][0]["meta_data"] == [
        {"key": "points_i", "value": None},
        {"key": "points", "value": "10"},
    ]
    assert written.error is None


@pytest.mark.parametrize(
    "kept",
    [
        {"points": "4"},
        {"points": 5},
        {},
    ],
)
def test_a_field_that_the_store_did_not_keep_is_an_error(
    open_store: Open, kept: dict[str, object]
) -> None:
    store, _ = open_store({CUSTOMERS: [batch(customer(2, kept))]})
    (written,) = store.write_customers([CustomerFields("2", {"points": "5"})])
    assert written.error == "points: the store did not keep what was written"
    assert written.permanent


def test_a_key_that_shows_no_meta_data_is_told(open_store: Open) -> None:
    store, _ = open_store({CUSTOMERS: [batch(customer(2, None))]})
    (written,) = store.write_customers([CustomerFields("2", {"points": "5"})])
    assert (written.error, written.permanent) == (NEEDS_ADMINISTRATOR, True)


@pytest.mark.parametrize(
    "key",
    [
        "_points",
        "wp_points",
        "wp_capabilities",
        "billing_email",
        "first_name",
        "session_tokens",
        "",
        "k" * 256,
    ],
)
def test_keys_that_wordpress_keeps_for_itself_are_refused(open_store: Open, key: str) -> None:
    store, replay = open_store({})
    (written,) = store.write_customers([CustomerFields("2", {"points": "5", key: "1"})])
    assert written.permanent
    assert "is a key that WordPress keeps for itself" in (written.error or "")
    (unknown,) = store.write_customers([CustomerFields("x", {"points": "5"})])
    assert unknown.error == "'x' is not a customer's identifier"
    assert replay.calls == []


def test_the_keys_of_the_manifest_are_written(open_store: Open) -> None:
    fields = dict.fromkeys(load().platforms["woocommerce"].customer_fields.values(), "1")
    store, _ = open_store({CUSTOMERS: [batch(customer(2, fields))]})
    (written,) = store.write_customers([CustomerFields("2", fields)])
    assert written.error is None
