"""Coupons as a running store was recorded to keep them, and what is made of that."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from connector.errors import Refused, TemporaryError
from connector.meanings import LookUp
from connector.platform import IssuedReward, Reward
from connector.woocommerce.events import interpret
from connector.woocommerce.rewards import MARK
from tests.connector.conftest import Open
from tests.connector.recordings import Recorded, answer, content, recorded

POST, GET = "POST coupons", "GET coupons"
ONE = "coupons/238"
REWARD = Reward(
    code="TZ2",
    amount=Decimal(5),
    currency="USD",
    account_id="2",
    email="Ada@Example.test",
    expires_at=datetime(2027, 1, 1, tzinfo=UTC),
)


def coupon(**changes: object) -> dict[str, Any]:
    """The recorded coupon that runs out at a moment of UTC, in a store of Los Angeles."""
    asked = {
        "usage_limit": 1,
        "usage_limit_per_user": 1,
        "email_restrictions": ["ada@example.test"],
        "meta_data": [{"id": 1, "key": MARK, "value": "TZ2"}],
    }
    return {**content("coupon_create_tz_la_zulu"), **asked, **changes}


def made(**changes: object) -> Recorded:
    return answer(coupon(**changes), 201)


def test_a_coupon_is_asked_for_in_full(open_store: Open) -> None:
    store, replay = open_store({POST: [made()]})
    east = timedelta(hours=3, minutes=30)
    local = datetime(2027, 1, 1, 3, 30, 0, 999_999, UTC) - east
    assert store.issue_reward(replace(REWARD, expires_at=local)) == IssuedReward("238")
    assert replay.calls[0].content == {
        "code": "tz2",
        "discount_type": "fixed_cart",
        "amount": "5",
        "individual_use": False,
        "usage_limit": 1,
        "usage_limit_per_user": 1,
        "email_restrictions": ["Ada@Example.test"],
        "minimum_amount": "0",
        "date_expires": "2027-01-01T00:00:00Z",
        "meta_data": [{"key": MARK, "value": "TZ2"}],
    }


@pytest.mark.parametrize(
    ("kept", "told"),
    [
        # What the store makes of an address that it does not like, and of one it mends.
        ({"email_restrictions": content("coupon_create_expiry_gmt")["email_restrictions"]}, "mail"),
        ({"email_restrictions": ["da@example.test"]}, "mail"),
        ({"email_restrictions": ["ada@example.test", "eve@example.test"]}, "mail"),
        ({"amount": "5.01"}, "amount"),
        ({"discount_type": "percent"}, "amount"),
        ({"usage_limit": None}, "one use"),
        ({"date_expires_gmt": None}, "end"),
        ({"date_expires_gmt": "2027-01-01T08:00:00"}, "end"),
        ({"minimum_amount": "1.00"}, "least amount"),
    ],
)
def test_what_the_store_kept_otherwise_is_deleted_and_told(
    open_store: Open, kept: Mapping[str, object], told: str
) -> None:
    store, replay = open_store({POST: [made(**kept)], f"DELETE {ONE}": [answer(coupon())]})
    with pytest.raises(Refused, match=told) as refusal:
        store.issue_reward(REWARD)
    assert refusal.value.code == "not_as_asked"
    assert "example.test" not in str(refusal.value)
    (deleted,) = [call for call in replay.calls if call.method == "DELETE"]
    assert deleted.query["force"] == "true"


@pytest.mark.parametrize(
    ("asked", "minimum", "shown"),
    [
        ("1.234", "2.468", {"amount": "1.23", "minimum_amount": "2.47"}),
        ("1.235", "0.005", {"amount": "1.24", "minimum_amount": "0.01"}),
        ("150000", "300000", {"amount": "150000.00", "minimum_amount": "300000.00"}),
    ],
)
def test_a_store_shows_two_decimals_of_a_coupon_whatever_its_currency(
    open_store: Open, asked: str, minimum: str, shown: Mapping[str, object]
) -> None:
    """WooCommerce keeps what is asked, and shows `wc_format_decimal(…, 2)` of it."""
    reward = replace(REWARD, amount=Decimal(asked), minimum=Decimal(minimum), currency="KWD")
    store, replay = open_store({POST: [made(**shown)]})
    assert store.issue_reward(reward) == IssuedReward("238")
    (call,) = replay.calls
    assert (call.content["amount"], call.content["minimum_amount"]) == (asked, minimum)
    store, _ = open_store({POST: [made(**shown)], f"DELETE {ONE}": [answer(coupon())]})
    with pytest.raises(Refused, match="amount"):
        store.issue_reward(replace(reward, amount=Decimal(asked) + Decimal("0.01")))


def test_a_code_that_may_pay_only_a_part_of_an_order_stands_alone(open_store: Open) -> None:
    """Two of them, each with its least amount, would pay twice that part of one order."""
    store, replay = open_store({POST: [made(minimum_amount="10.00")]})
    store.issue_reward(replace(REWARD, minimum=Decimal(10)))
    assert replay.calls[0].content["individual_use"] is True


def test_a_code_that_is_taken_is_read_and_compared(open_store: Open) -> None:
    store, replay = open_store(
        {POST: [recorded("coupon_duplicate_400")], GET: [answer([coupon()])]}
    )
    assert store.issue_reward(REWARD) == IssuedReward("238")
    assert replay.calls[1].query["code"] == "tz2"


def test_another_coupon_under_the_code_is_left_alone(open_store: Open) -> None:
    other = {**content("coupon_get")[0], "code": "tz2"}
    store, replay = open_store({POST: [recorded("coupon_duplicate_400")], GET: [answer([other])]})
    with pytest.raises(Refused, match="another coupon under this code"):
        store.issue_reward(REWARD)
    assert [call.method for call in replay.calls] == ["POST", "GET"]


def test_a_coupon_that_is_taken_and_not_shown_is_asked_for_again(open_store: Open) -> None:
    store, _ = open_store({POST: [recorded("coupon_duplicate_400")], GET: [answer([])]})
    with pytest.raises(TemporaryError, match="does not show"):
        store.issue_reward(REWARD)


def test_a_refusal_after_a_lost_answer_finds_what_was_made(open_store: Open) -> None:
    blocked = answer({"code": "blocked", "message": "no"}, 406)
    store, _ = open_store({POST: [answer({}, 502), blocked], GET: [answer([coupon()])]})
    assert store.issue_reward(REWARD) == IssuedReward("238")
    store, _ = open_store({POST: [blocked], GET: [answer([])]})
    with pytest.raises(Refused, match="406 blocked"):
        store.issue_reward(REWARD)


@pytest.mark.parametrize("email", [None, "", "*@example.test"])
def test_a_coupon_is_never_asked_for_without_an_address(
    open_store: Open, email: str | None
) -> None:
    store, replay = open_store({})
    with pytest.raises(Refused, match="the shopper's own e-mail address"):
        store.issue_reward(replace(REWARD, email=email))
    assert replay.calls == []


def test_there_is_no_store_credit(open_store: Open) -> None:
    store, replay = open_store({})
    credit = replace(REWARD, kind="store_credit")
    for call in (store.issue_reward, store.credit_left, store.withdraw_reward):
        with pytest.raises(Refused, match="choose a code"):
            call(credit)
    assert replay.calls == []


def test_a_coupon_runs_out_before_it_is_deleted(open_store: Open) -> None:
    store, replay = open_store(
        {
            GET: [answer([coupon()])],
            f"PUT {ONE}": [answer(coupon())],
            f"DELETE {ONE}": [answer(coupon())],
        }
    )
    assert store.withdraw_reward(REWARD)
    assert [call.method for call in replay.calls] == ["GET", "PUT", "DELETE"]
    assert replay.calls[1].content == {"date_expires": "2000-01-01T00:00:00Z"}


@pytest.mark.parametrize("seen_by", [GET, f"PUT {ONE}", f"DELETE {ONE}"])
def test_an_order_that_comes_meanwhile_keeps_the_coupon_used(
    open_store: Open, seen_by: str
) -> None:
    answers = {
        GET: [answer([coupon(usage_count=int(seen_by == GET))])],
        f"PUT {ONE}": [answer(coupon(usage_count=int(seen_by != GET)))],
        f"DELETE {ONE}": [answer(coupon(usage_count=1))],
    }
    if seen_by == f"DELETE {ONE}":
        answers[f"PUT {ONE}"] = [answer(coupon())]
    store, _ = open_store(answers)
    assert not store.withdraw_reward(REWARD)


@pytest.mark.parametrize("place", ["PUT", "DELETE"])
def test_a_coupon_that_went_meanwhile_is_withdrawn(open_store: Open, place: str) -> None:
    gone = answer({"code": "woocommerce_rest_shop_coupon_invalid_id", "message": "x"}, 404)
    answers = {
        GET: [answer([coupon()])],
        f"PUT {ONE}": [answer(coupon())],
        f"DELETE {ONE}": [answer(coupon())],
    }
    answers[f"{place} {ONE}"] = [gone]
    store, _ = open_store(answers)
    assert store.withdraw_reward(REWARD)


def test_a_trashed_coupon_told_as_a_product_is_looked_up() -> None:
    """A store tells the trashing of a coupon as product.deleted, with the coupon's number."""
    meaning = interpret("product.deleted", b'{"id":238}', region="IR")
    assert meaning == LookUp("product", "238")
