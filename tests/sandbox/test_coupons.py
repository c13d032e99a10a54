"""Coupons: who may use one, what it takes off, and how its uses are counted."""

from typing import Any

import pytest

from sandbox.server import RunningStore
from tests.sandbox.client import Client
from tests.sandbox.receiver import Receiver

STICKERS, SOCKS, FRENCH_PRESS = 71, 72, 27


def coupon(api: Client, code: str = "Mine", **more: Any) -> Any:
    answer = api.post("coupons", {"code": code, "amount": "5", **more})
    assert answer.status_code == 201, answer.text
    return answer.json()


def order(api: Client, code: str = "mine", **more: Any) -> Any:
    body = {
        "billing": {"email": "rec@example.test"},
        "line_items": [{"product_id": FRENCH_PRESS}],
        "coupon_lines": [{"code": code}],
    }
    return api.post("orders", {**body, **more})


def uses(api: Client, number: int) -> list[str]:
    shown = api.get(f"coupons/{number}").json()
    assert shown["usage_count"] == len(shown["used_by"])
    return list(shown["used_by"])


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"usage_limit": 0, "date_expires": "2026-01-01T00:00:00"}, "has expired"),
        ({"email_restrictions": ["eve@example.test"]}, "is not for this e-mail address"),
        ({"minimum_amount": "40.00"}, "needs a larger order"),
    ],
)
def test_an_order_that_may_not_use_it_is_refused(
    api: Client, more: dict[str, Any], told: str
) -> None:
    coupon(api, **more)
    answer = order(api)
    assert answer.status_code == 400
    assert answer.json()["code"] == "woocommerce_rest_invalid_coupon"
    assert told in answer.json()["message"]


def test_an_address_that_is_none_leaves_it_open_to_all(api: Client) -> None:
    made = coupon(api, email_restrictions=["nobody", "Rec@Example.test", "رضا@example.test"])
    assert made["email_restrictions"] == ["rec@example.test"]
    assert coupon(api, "Open", email_restrictions=["nobody"])["email_restrictions"] == []


def test_the_accounts_address_counts_beside_that_of_the_order(api: Client) -> None:
    coupon(api, email_restrictions=["rec@example.test"])
    elsewhere = {"email": "office@example.test"}
    assert order(api, billing=elsewhere).status_code == 400
    assert order(api, billing=elsewhere, customer_id=14).status_code == 201


def test_it_is_used_once_and_counted_while_its_order_stands(api: Client) -> None:
    number = coupon(api, usage_limit=1, usage_limit_per_user=1)["id"]
    first = order(api, "MINE").json()
    assert uses(api, number) == ["rec@example.test"]
    refused = order(api)
    assert (refused.status_code, "Usage limit" in refused.json()["message"]) == (400, True)
    for status, count in (("processing", 1), ("cancelled", 0), ("pending", 1), ("failed", 0)):
        api.put(f"orders/{first['id']}", {"status": status})
        assert len(uses(api, number)) == count
    second = order(api, customer_id=14).json()
    assert uses(api, number) == ["14"]
    api.delete(f"orders/{second['id']}")
    assert uses(api, number) == []


def test_a_fixed_amount_is_spread_over_the_pieces(api: Client) -> None:
    coupon(api, amount="10.00")
    lines = [{"product_id": STICKERS, "quantity": 1}, {"product_id": SOCKS, "quantity": 2}]
    made = order(api, line_items=lines).json()
    # Of 10.00 each of three pieces bears 3.33, the stickers no more than the 2.50 they cost; of
    # the 0.84 left the two pairs of socks bear 0.42 each.
    assert [(line["subtotal"], line["total"]) for line in made["line_items"]] == [
        ("2.50", "0.00"),
        ("14.00", "6.50"),
    ]
    (used,) = made["coupon_lines"]
    assert (used["code"], used["discount"], used["discount_type"]) == ("mine", "10", "fixed_cart")
    assert used["meta_data"][0]["value"] == f'[{coupon_id(api)},"mine",null,10]'
    assert made["discount_total"] == "10.00"


def coupon_id(api: Client) -> int:
    (found,) = api.get("coupons", code="MINE").json()
    return int(found["id"])


def test_it_takes_off_no_more_than_there_is(api: Client) -> None:
    coupon(api, amount="3.00")
    made = order(api, line_items=[{"product_id": STICKERS}]).json()
    assert (made["discount_total"], made["total"]) == ("2.50", "0.00")


def test_the_last_cents_go_piece_by_piece(api: Client) -> None:
    coupon(api, amount="0.05")
    lines = [{"product_id": STICKERS, "quantity": 3}, {"product_id": SOCKS}]
    made = order(api, line_items=lines).json()
    # A cent for each of four pieces, and the fifth for the first of them.
    assert [line["total"] for line in made["line_items"]] == ["7.46", "6.99"]


def test_a_changed_and_a_trashed_coupon(
    recorded: RunningStore, api: Client, receiver: Receiver
) -> None:
    number = coupon(api)["id"]
    taken = api.put(f"coupons/{number}", {"code": "WELCOME10"})
    assert taken.json()["code"] == "woocommerce_rest_coupon_code_already_exists"
    assert api.put(f"coupons/{number}", {"amount": "7.5"}).json()["amount"] == "7.50"
    for topic in ("coupon.deleted", "product.deleted"):
        api.post("webhooks", {"topic": topic, "delivery_url": f"{receiver.url}/200"})
    assert api.delete(f"coupons/{number}").json()["status"] == "publish"
    recorded.drain_deliveries()
    told = {(one.topic, one.body) for one in receiver.requests if one.topic}
    body = f'{{"id":{number}}}'.encode()
    assert told == {("coupon.deleted", body), ("product.deleted", body)}
    assert api.get("coupons", code="mine").json() == []
    assert order(api).json()["message"] == 'Coupon "mine" does not exist!'
    assert api.delete(f"coupons/{number}").status_code == 410
    assert api.delete(f"coupons/{number}", force="true").status_code == 200
    assert api.get(f"coupons/{number}").json()["code"] == "woocommerce_rest_shop_coupon_invalid_id"
