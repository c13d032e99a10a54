"""Friends whom customers bring, by coupon codes and links of a store."""

from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, func, select, text, update

from connector.woocommerce.payloads import ATTRIBUTION
from database.models import Customer, OrderAddress, PointEntry, Referral, ReferralCode, RuleStart
from database.privacy import Subject
from jobs.absorb import absorb
from jobs.facts import Fact, key_of
from jobs.friends import code_for, decide, listing, refer
from jobs.points import advance
from jobs.verification import verify
from retention.records import Account, Order, OrderLine
from tests.conftest import Installed
from tests.jobs.conftest import set_settings, settle
from tests.shop import Shop

ADA = "ada@example.test"
FRIEND = "friend@example.test"
HOME = {"address_1": "12 Valiasr Street", "city": "Tehran", "postcode": "19197", "country": "IR"}


@pytest.fixture
def ada(installed: Installed) -> str:
    """The code of Ada, who has an account, in a store that pays 100 to her and 20 to friends."""
    set_settings(installed, points_referral=100, points_referred=20, points_pending_days=14)
    Shop(installed.sandbox).create("coupons", code="ada-5", discount_type="percent", amount="5")
    advance(str(installed.id))
    with installed.scope() as session:
        session.execute(update(RuleStart).values(since=RuleStart.since - timedelta(days=1)))
    return code_for(installed.context, installed.id, Subject(email=ADA), "ADA-5").code


def bought(installed: Installed, email: str = FRIEND, code: str = "ada-5", **more: Any) -> Any:
    """A paid order of a guest with a coupon."""
    coupons: dict[str, Any] = {"coupon_lines": [{"code": code}]} if code else {}
    billing = {"email": email, **more.pop("billing", {})}
    made = Shop(installed.sandbox).order("Green Tea", billing=billing, **coupons, **more)
    settle(installed)
    return made


def paid(installed: Installed) -> list[tuple[str, int, str]]:
    """Which customer got how many points of referrals, and why."""
    with installed.scope() as session:
        rows = session.execute(
            select(Customer.key, PointEntry.points, PointEntry.reason)
            .join(Customer, Customer.id == PointEntry.customer_id)
            .where(PointEntry.lot.startswith("refer"))
            .order_by(PointEntry.number)
        )
        return [(row[0], row[1], row[2]) for row in rows]


def states(installed: Installed) -> list[tuple[str, list[str]]]:
    found = listing(installed.context, installed.id)
    return [(row.state, list(row.reasons)) for row in found]


def account(installed: Installed, email: str) -> str:
    return f"account:{Shop(installed.sandbox).customer_id(email)}"


def test_a_friend_with_the_code_brings_points_that_wait(
    installed: Installed, ada: str, superuser: Engine
) -> None:
    bought(installed)
    who = account(installed, ADA)
    assert paid(installed) == [(who, 100, "referral"), (f"email:{FRIEND}", 20, "referred")]
    meta = Shop(installed.sandbox).meta(ADA)
    assert (meta["bazgasht_points"], meta["bazgasht_points_pending"]) == ("0", "100")
    assert not verify(installed.context, installed.id).problems
    with superuser.begin() as connection:
        connection.execute(
            text("UPDATE point_lots SET matures_at = matures_at - interval '14 days'")
        )
    advance(str(installed.id))
    settle(installed)
    assert Shop(installed.sandbox).meta(ADA)["bazgasht_points"] == "100"


def test_a_refunded_order_takes_the_points_back_and_a_second_one_counts(
    installed: Installed, ada: str
) -> None:
    first = bought(installed)
    Shop(installed.sandbox).change(f"orders/{first['id']}", status="cancelled")
    settle(installed)
    who = account(installed, ADA)
    assert paid(installed)[2:] == [(who, -100, "reversed"), (f"email:{FRIEND}", -20, "reversed")]
    assert states(installed) == [("void", ["no order that counts"])]
    bought(installed)
    assert paid(installed)[4:] == [(who, 100, "referral"), (f"email:{FRIEND}", 20, "referred")]
    assert states(installed) == [("accepted", [])]


def test_a_later_order_with_the_code_brings_nothing(installed: Installed, ada: str) -> None:
    bought(installed, code="")
    bought(installed)
    assert paid(installed) == []


def test_the_link_tells_the_code_too(installed: Installed, ada: str) -> None:
    link = code_for(installed.context, installed.id, Subject(email=ADA)).link
    assert link == (
        f"{installed.sandbox.url}/?utm_source=bazgasht&utm_medium=referral&utm_campaign=ada-5"
    )
    marks = {"utm_source": "bazgasht", "utm_medium": "referral", "utm_campaign": "Ada-5"}
    meta = [{"key": ATTRIBUTION + name, "value": value} for name, value in marks.items()]
    bought(installed, code="", meta_data=meta)
    assert states(installed) == [("accepted", [])]


def test_an_own_order_is_held_until_a_person_decides(installed: Installed, ada: str) -> None:
    bought(installed, ADA)
    assert paid(installed) == []
    (held,) = listing(installed.context, installed.id)
    assert (held.state, held.reasons) == ("held", ("own order", "same e-mail"))
    decide(
        installed.context, installed.id, held.number, "approved", actor="Reza", note="her mother"
    )
    who = account(installed, ADA)
    assert paid(installed) == [(who, 100, "referral"), (who, 20, "referred")]
    decide(installed.context, installed.id, held.number, "rejected", actor="Reza", note="not so")
    assert paid(installed)[2:] == [(who, -100, "reversed"), (who, -20, "reversed")]
    assert states(installed) == [("rejected", [])]
    assert not verify(installed.context, installed.id).problems


def test_the_proof_finds_points_of_a_referral_that_is_not_accepted(
    installed: Installed, ada: str
) -> None:
    bought(installed)
    with installed.scope() as session:
        session.execute(update(Referral).values(state="held"))
    (first, second) = verify(installed.context, installed.id).problems
    assert first.endswith("it has given 100 points, and its referral is not accepted")
    assert second.startswith("lot referred:1:")


def test_the_same_address_or_phone_is_held_whichever_order_came_first(
    installed: Installed, ada: str
) -> None:
    bought(installed, billing={**HOME, "phone": "0912 345 67 88"})
    assert states(installed) == [("accepted", [])]
    elsewhere = {**HOME, "address_1": "12, VALIASR street", "phone": "+98 912 345 6788"}
    Shop(installed.sandbox).order("Earl Grey", email=ADA, billing=elsewhere)
    settle(installed)
    assert states(installed) == [("held", ["same phone", "same address"])]
    assert sum(points for _, points, _ in paid(installed)) == 0
    with installed.scope() as session:
        assert len({row.hash for row in session.scalars(select(OrderAddress))}) == 1


def test_a_guest_who_makes_an_account_takes_the_points_along(
    installed: Installed, ada: str
) -> None:
    bought(installed)
    Shop(installed.sandbox).create("customers", email=FRIEND)
    settle(installed)
    friend = account(installed, FRIEND)
    who = account(installed, ADA)
    assert paid(installed) == [
        (who, 100, "referral"),
        (f"email:{FRIEND}", 20, "referred"),
        (f"email:{FRIEND}", -20, "moved"),
        (friend, 20, "moved"),
    ]
    assert states(installed) == [("accepted", [])]


def test_a_code_that_is_made_later_finds_the_orders_with_it(installed: Installed, ada: str) -> None:
    Shop(installed.sandbox).create("coupons", code="late", discount_type="percent", amount="5")
    bought(installed, code="late")
    assert states(installed) == []
    code_for(installed.context, installed.id, Subject(email=ADA), "late")
    assert states(installed) == [("accepted", [])]
    with pytest.raises(ValueError, match="code 'late' is another customer's"):
        code_for(installed.context, installed.id, Subject(email=FRIEND), "LATE")


def test_a_friend_told_of_by_hand_needs_no_code(installed: Installed, ada: str) -> None:
    Shop(installed.sandbox).create("customers", email=FRIEND)
    settle(installed)
    made = refer(installed.context, installed.id, Subject(email=FRIEND), "ADA-5")
    assert (made.state, made.order_id) == ("waiting", None)
    bought(installed, code="")
    assert states(installed) == [("accepted", [])]
    with pytest.raises(ValueError, match="is known as brought by"):
        refer(installed.context, installed.id, Subject(email=FRIEND), "ada-5")
    with pytest.raises(LookupError, match="no code 'nobody'"):
        refer(installed.context, installed.id, Subject(email=FRIEND), "nobody")


def test_nothing_is_kept_of_addresses_while_the_rule_is_off(installed: Installed) -> None:
    bought(installed, code="", billing=HOME)
    with installed.scope() as session:
        assert session.scalars(select(OrderAddress)).all() == []


AT = datetime(2026, 5, 1, 12, tzinfo=UTC)
REFERRER = Order(
    *("r1", "r1", "processing", "USD", AT, AT, AT, "901", "sara@example.test", None, Decimal(10)),
    lines=(OrderLine("1", None, "Tea", 1, Decimal(10)),),
    address="IR 19197 12 Valiasr",
)
WITH_CODE = replace(
    REFERRER,
    id="f1",
    account_id=None,
    email=FRIEND,
    placed_at=AT + timedelta(days=1),
    coupon_codes=("sara-1",),
    address="IR 1 Elsewhere",
)
SECOND = replace(WITH_CODE, id="f2", placed_at=AT + timedelta(days=2))
HELD = replace(WITH_CODE, id="h1", email="next@example.test", address="ir, 19197: 12 VALIASR")
CANCELLED = replace(WITH_CODE, status="cancelled", modified_at=AT + timedelta(hours=1))
FACTS = [
    REFERRER,
    WITH_CODE,
    CANCELLED,
    SECOND,
    HELD,
    Account("902", FRIEND, None, "Friend", AT, AT),
]


class Undone(Exception):
    """Ends a transaction without keeping anything of it."""


def points_after(installed: Installed, facts: list[Order | Account]) -> dict[str, int]:
    """The points of referrals by the customer's key, once these facts came one by one."""
    found: dict[str, int] = {}
    store = installed.store
    with suppress(Undone), installed.scope() as session:
        for fact in facts:
            absorb(session, store, [(key_of(fact), Fact(fact))])
        rows = session.execute(
            select(Customer.key, func.sum(PointEntry.points))
            .join(Customer, Customer.id == PointEntry.customer_id)
            .where(PointEntry.lot.startswith("refer"))
            .group_by(Customer.key)
        )
        found = {row[0]: int(row[1]) for row in rows if row[1]}
        raise Undone
    return found


@settings(
    max_examples=8,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.permutations([*FACTS, WITH_CODE, SECOND]))
def test_news_in_any_sequence_and_twice_end_the_same(
    installed: Installed, ada: str, facts: list[Order | Account]
) -> None:
    with installed.scope() as session:
        session.execute(update(RuleStart).values(since=AT))
        session.merge(ReferralCode(store_id=installed.id, code="sara-1", customer_id=1))
        session.execute(
            update(Customer).where(Customer.id == 1).values(account_id="901", key="account:901")
        )
    assert points_after(installed, facts) == {"account:901": 100, "account:902": 20}
