"""Points redeemed for a coupon of the store: reserved, issued, used, given back."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from time import monotonic, sleep
from typing import Any

import pytest
from sqlalchemy import Engine, text

from connector.errors import Refused
from connector.platform import Reward
from database import redemptions as table
from database.points import balances
from database.privacy import Subject
from jobs import redemptions as job
from jobs import rewards
from jobs.erasing import erase
from jobs.points import adjust
from jobs.privacy import ask
from jobs.schedule import TASKS
from jobs.verification import verify
from jobs.withdrawals import cancel, sweep
from retention.redemption import CannotRedeem, Redemption
from sandbox.faults import Fault
from tests.conftest import Installed, work_off
from tests.jobs.conftest import as_kept, set_settings, settle
from tests.jobs.state import ledger
from tests.shop import Shop

SARA = "sara@example.test"
PERSON = Subject(None, SARA, None)
COUPONS = "/wp-json/wc/v3/coupons"
GIFT = {"actor": "Reza", "note": "a gift"}
CANCELLING = {"actor": "Reza", "note": "changed mind"}


@pytest.fixture
def shop(installed: Installed, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """A store where 100 points are worth a dollar, of which Sara has 1,000 and earns no more."""
    monkeypatch.setattr(job, "PATIENCE", 60.0)  # However busy the machine is.
    set_settings(installed, redemption_enabled=True, point_value="0.01", points_enabled=False)
    adjust(installed.context, installed.id, PERSON, 1000, **GIFT)
    return Shop(installed.sandbox)


def redeem(installed: Installed, points: int = 300, key: str = "k") -> Redemption:
    return job.redeem_for(installed.context, installed.id, PERSON, points=points, key=key)


def reserve(installed: Installed, points: int = 300, key: str = "k") -> Redemption:
    """Take the points and stop there, as a process that is killed then."""
    return job.reserve(installed.context, installed.store, PERSON, points, key)


def sound(installed: Installed) -> None:
    assert verify(installed.context, installed.id).problems == []


def balance(installed: Installed) -> int:
    """What Sara has, in the ledger and as the store shows it."""
    settle(installed)
    sound(installed)
    rebuilt = verify(installed.context, installed.id)
    shown = Shop(installed.sandbox).meta(SARA)["bazgasht_points"]
    assert shown == str(rebuilt.available)
    return rebuilt.available


def reasons(installed: Installed, after: int = 1) -> list[tuple[int, str]]:
    with installed.scope() as session:
        return ledger(session)[after:]


def later(superuser: Engine, days: float) -> None:
    """Let so many days pass for redemptions, by dating them back."""
    date_back(superuser, days, "expires_at", "tried_at")


def date_back(superuser: Engine, days: float, *names: str) -> None:
    with superuser.begin() as connection:
        for name in names:
            connection.execute(
                text(f"UPDATE redemptions SET {name} = {name} - :time"),  # noqa: S608
                {"time": timedelta(days=days)},
            )


def buy(installed: Installed, shop: Shop, made: Redemption, **content: Any) -> str:
    """An order of Sara's of 25 dollars of goods that uses the code; its number."""
    codes = [{"code": made.code.upper()}]
    order = shop.order("Green Tea", "Earl Grey", email=SARA, coupon_lines=codes, **content)
    settle(installed)
    return str(order["id"])


def change(installed: Installed, shop: Shop, order: str, status: str) -> None:
    shop.change(f"orders/{order}", status=status)
    settle(installed)


def test_points_become_a_coupon_for_their_owner_alone(installed: Installed, shop: Shop) -> None:
    account = str(shop.customer_id(SARA))
    set_settings(installed, redemption_kind="store_credit")  # Which the platform does not have.
    made = job.redeem(installed.context, installed.id, account_id=account, points=300, key="k")
    assert (made.state, made.worth, made.currency) == ("issued", Decimal("3.00"), "USD")
    assert made.kind == "code"
    assert (made.account_id, made.email) == (account, SARA)
    (coupon,) = shop.get("coupons")
    assert (coupon["code"], coupon["amount"]) == (made.code, "3.00")
    assert (coupon["email_restrictions"], coupon["usage_limit"]) == ([SARA], 1)
    assert str(coupon["id"]) == made.reward_id
    assert coupon["date_expires_gmt"] == f"{made.expires_at:%Y-%m-%dT%H:%M:%S}"
    assert balance(installed) == 700
    assert reasons(installed) == [(-300, "reserved")]
    assert job.of_person(installed.context, installed.id, PERSON) == [made]


def test_the_same_key_is_the_same_redemption(installed: Installed, shop: Shop) -> None:
    made = redeem(installed)
    assert redeem(installed) == made
    assert redeem(installed, key="another").code != made.code
    with pytest.raises(CannotRedeem, match="key was used for another redemption") as refused:
        redeem(installed, 200)
    assert refused.value.problem == "key_used"
    assert balance(installed) == 400
    assert len(shop.get("coupons")) == 2


@pytest.mark.parametrize(
    ("settings", "points", "problem"),
    [
        ({"redemption_enabled": False}, 300, "off"),
        ({"point_value": "0"}, 300, "no_value"),
        ({"redemption_minimum_points": 500}, 300, "too_few"),
        ({"redemption_step": 200}, 300, "step"),
        ({}, 1001, "not_enough"),
    ],
)
def test_what_cannot_be_redeemed_takes_nothing(
    installed: Installed, shop: Shop, settings: dict[str, Any], points: int, problem: str
) -> None:
    set_settings(installed, **settings)
    with pytest.raises(CannotRedeem) as refused:
        redeem(installed, points)
    assert refused.value.problem == problem
    assert (reasons(installed), shop.get("coupons")) == ([], [])


def test_strangers_and_deleted_accounts_redeem_nothing(installed: Installed, shop: Shop) -> None:
    account = str(shop.customer_id(SARA))
    shop.delete(f"customers/{account}", force=True)
    settle(installed)
    for name in ("404", account):
        with pytest.raises(CannotRedeem) as refused:
            job.redeem(installed.context, installed.id, account_id=name, points=1, key="k")
        assert refused.value.problem == "nobody"


def test_an_order_that_is_paid_with_it_spends_the_points(installed: Installed, shop: Shop) -> None:
    made = redeem(installed)
    order = buy(installed, shop, made)
    used = as_kept(installed, made)
    assert (used.state, used.order_id, used.orders) == ("used", order, (order,))
    assert reasons(installed, 2) == [(300, "committed"), (-300, "committed")]
    shop.change(f"orders/{order}", customer_note="told again")
    settle(installed)
    assert len(reasons(installed, 2)) == 2
    assert balance(installed) == 700


def test_refunds_give_points_back_in_proportion(installed: Installed, shop: Shop) -> None:
    made = redeem(installed)
    order = buy(installed, shop, made)
    paid = Decimal(shop.get(f"orders/{order}")["total"])
    for share, returned in ((Decimal("0.4"), 120), (Decimal("0.6"), 300)):
        shop.create(f"orders/{order}/refunds", amount=f"{paid * share:.2f}")
        settle(installed)
        assert as_kept(installed, made).returned == returned
        assert balance(installed) == 700 + returned
    assert as_kept(installed, made).state == "used"
    assert [reason for _, reason in reasons(installed, 4)] == ["returned", "returned"]


def test_an_order_that_earns_and_is_paid_with_points_gives_both_back(
    installed: Installed, shop: Shop
) -> None:
    set_settings(installed, points_enabled=True)
    made = redeem(installed)
    order = buy(installed, shop, made)
    # Of goods for 25 dollars 22 were paid with money, and these earn.
    assert balance(installed) == 722
    redeem(installed, 722, "spent")
    shop.create(f"orders/{order}/refunds", amount=shop.get(f"orders/{order}")["total"])
    settle(installed)
    assert balance(installed) == 278
    assert reasons(installed)[-2:] == [(300, "returned"), (-22, "reversed")]


@pytest.mark.parametrize("undone", ["cancelled", "trash", "pending"])
def test_an_order_that_is_not_paid_after_all_frees_the_code_until_it_lapses(
    installed: Installed, shop: Shop, superuser: Engine, undone: str
) -> None:
    made = redeem(installed)
    order = buy(installed, shop, made)
    if undone == "trash":
        shop.delete(f"orders/{order}")
        settle(installed)
    else:
        change(installed, shop, order, undone)
    freed = as_kept(installed, made)
    assert (freed.state, freed.order_id, freed.orders) == ("issued", None, (order,))
    assert balance(installed) == 700
    later(superuser, 31)
    sweep(str(installed.id))
    if undone == "pending":
        # The store still counts it as used, so the shopper may pay at any moment.
        assert (as_kept(installed, made).state, balance(installed)) == ("issued", 700)
        return
    assert (as_kept(installed, made).state, balance(installed)) == ("released", 1000)
    assert shop.get("coupons") == []


def test_an_order_refunded_and_then_called_off_takes_nothing_twice(
    installed: Installed, shop: Shop, superuser: Engine
) -> None:
    made = redeem(installed)
    order = buy(installed, shop, made)
    paid = Decimal(shop.get(f"orders/{order}")["total"])
    shop.create(f"orders/{order}/refunds", amount=f"{paid * 2 / 5:.2f}")
    change(installed, shop, order, "cancelled")
    freed = as_kept(installed, made)
    assert (freed.state, freed.returned, balance(installed)) == ("issued", 120, 820)
    date_back(superuser, 1, "tried_at")
    sweep(str(installed.id))
    released = as_kept(installed, made)
    assert (released.state, released.reason) == ("released", "its order was called off")
    assert (shop.get("coupons"), balance(installed)) == ([], 1000)


def test_an_order_that_is_paid_late_takes_back_what_was_released(
    installed: Installed, shop: Shop, superuser: Engine
) -> None:
    made = redeem(installed)
    order = buy(installed, shop, made)
    change(installed, shop, order, "cancelled")
    later(superuser, 31)
    sweep(str(installed.id))
    change(installed, shop, order, "processing")
    assert (as_kept(installed, made).state, balance(installed)) == ("used", 700)
    change(installed, shop, order, "cancelled")
    assert (as_kept(installed, made).state, balance(installed)) == ("released", 1000)
    change(installed, shop, order, "processing")
    assert (as_kept(installed, made).state, balance(installed)) == ("used", 700)


def test_what_is_not_used_in_time_goes_back(
    installed: Installed, shop: Shop, superuser: Engine
) -> None:
    made = redeem(installed)
    later(superuser, 29)
    sweep(str(installed.id))
    assert as_kept(installed, made).state == "issued"
    later(superuser, 1)
    sweep(str(installed.id))
    sweep(str(installed.id))
    released = as_kept(installed, made)
    assert (released.state, released.reason) == ("released", "not used in time")
    assert (shop.get("coupons"), balance(installed)) == ([], 1000)
    assert reasons(installed, 2) == [(300, "released")]


def test_nothing_goes_back_while_the_store_cannot_be_asked(
    installed: Installed, shop: Shop, superuser: Engine
) -> None:
    made = redeem(installed)
    later(superuser, 31)
    installed.sandbox.add_fault(Fault("server_error", path=COUPONS))
    sweep(str(installed.id))
    assert as_kept(installed, made).state == "issued"
    installed.sandbox.clear_faults()
    sweep(str(installed.id))
    assert as_kept(installed, made).state == "issued"  # It was asked a moment ago.
    later(superuser, 1)
    sweep(str(installed.id))
    assert as_kept(installed, made).state == "released"


def test_a_lost_answer_never_makes_two_coupons(
    installed: Installed, shop: Shop, superuser: Engine
) -> None:
    installed.sandbox.add_fault(Fault("half_answer", path=COUPONS))
    made = redeem(installed)
    assert (made.state, made.reward_id) == ("reserved", None)
    installed.sandbox.clear_faults()
    work_off(installed.context)
    assert as_kept(installed, made).state == "reserved"
    with pytest.raises(ValueError, match=r"has not answered .* try again in 10 minutes"):
        cancel(installed.context, installed.id, made.reference, actor="Reza", note="late")
    date_back(superuser, 1, "tried_at")
    sweep(str(installed.id))
    (coupon,) = shop.get("coupons")
    issued = as_kept(installed, made)
    assert (issued.state, issued.reward_id, issued.code) == (
        "issued", str(coupon["id"]), coupon["code"],
    )  # fmt: skip
    assert balance(installed) == 700


def test_a_process_killed_before_the_store_was_asked_is_made_up_for(
    installed: Installed, shop: Shop
) -> None:
    made = reserve(installed)
    assert (made.state, shop.get("coupons"), balance(installed)) == ("reserved", [], 700)
    (task,) = [task for task in TASKS if task.name == "redemptions"]
    task.run(installed.context)
    work_off(installed.context)
    assert as_kept(installed, made).state == "issued"
    assert len(shop.get("coupons")) == 1


def test_a_process_killed_before_the_answer_was_kept_is_made_up_for(
    installed: Installed, shop: Shop, superuser: Engine
) -> None:
    made = redeem(installed)
    with superuser.begin() as connection:
        connection.execute(text("UPDATE redemptions SET state = 'reserved', reward_id = NULL"))
    buy(installed, shop, made)
    assert as_kept(installed, made).state == "used"
    date_back(superuser, 1, "tried_at")
    sweep(str(installed.id))
    assert (as_kept(installed, made).state, len(shop.get("coupons"))) == ("used", 1)
    assert balance(installed) == 700


def test_a_store_that_refuses_gives_the_points_back_at_once(
    installed: Installed, shop: Shop
) -> None:
    made = reserve(installed)
    with installed.scope() as session:
        table.save(session, replace(made, email=None))
    sweep(str(installed.id))
    released = as_kept(installed, made)
    assert released.state == "released"
    assert (
        released.reason == "the store refused it: a coupon needs the shopper's own e-mail address"
    )
    assert (shop.get("coupons"), balance(installed)) == ([], 1000)


def test_a_store_that_refuses_our_key_is_not_left_with_a_coupon_that_is_not_paid(
    installed: Installed, shop: Shop
) -> None:
    installed.sandbox.add_fault(Fault("revoked_key"))
    made = redeem(installed)
    assert made.state == "reserved"
    installed.sandbox.clear_faults()
    sweep(str(installed.id))
    assert as_kept(installed, made).state == "reserved"
    sound(installed)


class _Blocked:
    """A store behind a wall that turns every call away."""

    def issue_reward(self, _: Reward) -> None:
        raise Refused("POST coupons: answered 406")

    def withdraw_reward(self, _: Reward) -> bool:
        raise Refused("GET coupons: answered 406")


def test_a_store_that_refuses_everything_may_have_made_the_coupon_before(
    installed: Installed, shop: Shop, superuser: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed.sandbox.add_fault(Fault("half_answer", path=COUPONS))
    made = redeem(installed)
    installed.sandbox.clear_faults()
    assert (made.state, len(shop.get("coupons"))) == ("reserved", 1)
    date_back(superuser, 1, "tried_at")
    with monkeypatch.context() as walled:
        walled.setattr(rewards, "connected", lambda *_: nullcontext(_Blocked()))
        sweep(str(installed.id))
        assert (as_kept(installed, made).state, balance(installed)) == ("reserved", 700)
        never_asked = reserve(installed, key="another")
        sweep(str(installed.id))
        assert as_kept(installed, never_asked).state == "released"
    date_back(superuser, 1, "tried_at")
    sweep(str(installed.id))
    assert (as_kept(installed, made).state, balance(installed)) == ("issued", 700)


def test_a_redemption_is_cancelled_by_hand_once(installed: Installed, shop: Shop) -> None:
    made = redeem(installed)
    by = {"actor": "Reza", "note": "wrong account"}
    cancelled = cancel(installed.context, installed.id, made.reference, **by)
    assert cancelled.reason == "cancelled by Reza: wrong account"
    assert cancel(installed.context, installed.id, made.reference, **by) == cancelled
    assert (shop.get("coupons"), balance(installed)) == ([], 1000)
    with pytest.raises(LookupError, match="no redemption 'x'"):
        cancel(installed.context, installed.id, "x", **by)
    with pytest.raises(ValueError, match="actor is empty"):
        cancel(installed.context, installed.id, made.reference, actor=" ", note="why")


def test_one_that_was_used_is_not_cancelled(installed: Installed, shop: Shop) -> None:
    made = redeem(installed)
    buy(installed, shop, made, status="on-hold")
    with pytest.raises(ValueError, match="was used in the store; refund its order instead"):
        cancel(installed.context, installed.id, made.reference, actor="Reza", note="why")
    assert balance(installed) == 700


def test_32_redemptions_at_once_give_exactly_what_the_balance_affords(
    installed: Installed, shop: Shop
) -> None:
    def attempt(number: int) -> str:
        try:
            return reserve(installed, 90, f"k{number}").state
        except CannotRedeem as refused:
            return refused.problem

    with ThreadPoolExecutor(32) as threads:
        ended = list(threads.map(attempt, range(32)))
    assert (ended.count("reserved"), ended.count("not_enough")) == (11, 21)
    assert len(job.listing(installed.context, installed.id)) == 11
    assert balance(installed) == 10


def test_the_same_key_at_once_redeems_once(installed: Installed, shop: Shop) -> None:
    with ThreadPoolExecutor(8) as threads:
        made = set(threads.map(lambda _: redeem(installed).reference, range(8)))
    assert len(made) == 1
    assert (len(shop.get("coupons")), balance(installed)) == (1, 700)


def test_points_and_redemption_follow_whom_the_orders_follow(
    installed: Installed, shop: Shop, superuser: Engine
) -> None:
    made = redeem(installed)
    shop.delete(f"customers/{shop.customer_id(SARA)}", force=True)
    settle(installed)
    with installed.scope() as session:
        (guest,) = table.of_customers(session, [as_kept(installed, made).customer_id])
        key = session.execute(
            text("SELECT key FROM customers WHERE id = :id"), {"id": guest.customer_id}
        ).scalar_one()
    assert key == f"email:{SARA}"
    later(superuser, 31)
    sweep(str(installed.id))
    (entry,) = [e for e in own_entries(installed, made) if e.reason == "released"]
    assert (entry.customer_id, entry.points) == (guest.customer_id, 300)
    sound(installed)


def test_a_guest_who_makes_an_account_gets_redemptions_and_what_came_back(
    installed: Installed, shop: Shop, superuser: Engine
) -> None:
    guest = Subject(None, "nima@example.test", None)
    shop.order("Green Tea", billing={"email": guest.email})
    settle(installed)
    adjust(installed.context, installed.id, guest, 1000, **GIFT)
    first, second = (
        job.redeem_for(installed.context, installed.id, guest, points=300, key=key)
        for key in ("a", "b")
    )
    assert (first.state, first.account_id, first.email) == ("issued", None, guest.email)
    with superuser.begin() as connection:  # So that what comes back is a lot of its own.
        connection.execute(text("UPDATE point_lots SET expires_at = now() + interval '1 day'"))
    cancel(installed.context, installed.id, first.reference, **CANCELLING)
    shop.create("customers", email=guest.email)
    settle(installed)
    account = as_kept(installed, second).customer_id
    cancel(installed.context, installed.id, second.reference, **CANCELLING)
    with installed.scope() as session:
        assert {one.customer_id for one in table.of_customers(session, [account])} == {account}
        assert balances(session, [account])[account].available == 1000


def own_entries(installed: Installed, made: Redemption) -> Any:
    with installed.scope() as session:
        row = as_kept(installed, made)
        return table.entries(session, [row])[row.reference]


def test_erasing_leaves_the_redemption_of_somebody_without_a_name(
    installed: Installed, shop: Shop, superuser: Engine
) -> None:
    made = redeem(installed)
    key = ask(installed.context, installed.id, "erase", PERSON)
    erase(installed.context, installed.id, PERSON, key)
    left = as_kept(installed, made)
    assert (left.account_id, left.email, left.state) == (None, None, "issued")
    with installed.scope() as session:
        assert table.of_key(session, "k") is None  # A key may say whose it is.
    later(superuser, 31)
    sweep(str(installed.id))
    assert as_kept(installed, made).state == "released"
    sound(installed)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ("points = 200", "reserved 200, by its entries 300"),
        ("state = 'used'", "redeemed 300, by its entries 0"),
        ("entries = 2", "entries 2, by its entries 1"),
    ],
)
def test_verifying_compares_redemptions_with_the_ledger(
    installed: Installed, shop: Shop, superuser: Engine, change: str, problem: str
) -> None:
    made = redeem(installed)
    with superuser.begin() as connection:
        connection.execute(text(f"UPDATE redemptions SET {change}"))  # noqa: S608
    found = verify(installed.context, installed.id).problems
    assert f"redemption {made.reference}: {problem}" in found


def test_a_slow_store_does_not_hold_the_shopper(
    installed: Installed, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job, "PATIENCE", 0.2)
    installed.sandbox.add_fault(Fault("timeout", path=COUPONS, times=1, seconds=1.5))
    made = redeem(installed)
    assert made.state == "reserved"
    until(lambda: as_kept(installed, made).state == "issued")


def until(condition: Callable[[], bool]) -> None:
    ends = monotonic() + 60
    while not condition():
        assert monotonic() < ends
        sleep(0.1)
