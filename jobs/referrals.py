"""Friends whom customers bring: found by the codes of first orders, judged, and paid for.

All of it happens inside the caller's transaction, which has locked the store's row.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy.orm import Session

from connector.identity import comparable_address
from database import occasions, privacy, referral_codes, referrals
from database.models import Referral
from jobs.context import current
from jobs.occasion_rules import REFERRAL, Programme
from retention.figures.period import month_name
from retention.ledger.occasions import Occasion
from retention.records import Order
from retention.referrals import FirstOrder, Friend, Judged, Limits, Person, judge


def given_by_orders(
    session: Session, told: Programme, changed: Sequence[Order], customers: Collection[int]
) -> tuple[list[Occasion], set[int]]:
    """What referrals give by these orders, and every customer who may have had some of it.

    `customers` are all who have, or had, one of the orders that changed.
    """
    if REFERRAL not in told.since:
        return [], set()
    _keep_addresses(session, changed)
    first = referrals.first_orders(session, told.settings.purchase_statuses, customers)
    known = referrals.find(session, customers=customers, orders=[order.id for order in changed])
    involved = {number for row in known for number in (row.friend_id, row.referrer_id)}
    rows = _with_new(session, told, first, known)
    referrers = {row.referrer_id for row in rows}
    given, more = given_by_referrers(session, told, referrers)
    return given, involved | more


def _keep_addresses(session: Session, changed: Iterable[Order]) -> None:
    """Keep what tells equal addresses apart, of the orders that come from the store just now."""
    told = {order.id: comparable_address(order.address) for order in changed if order.address}
    if told:
        referrals.keep_addresses(session, told, privacy.make_hasher(session, current().vault))


def _with_new(
    session: Session, told: Programme, first: dict[int, FirstOrder], known: Sequence[Referral]
) -> list[Referral]:
    """The referrals that are known, those that changed hands moved, and those that are new."""
    rows, by_friend = list(known), {row.friend_id: row for row in known}
    by_order = {row.order_id: row for row in known if row.order_id}
    owners = referral_codes.customers_of_codes(
        session, {code for bought in first.values() for code in bought.codes}
    )
    for customer, bought in first.items():
        code = next((code for code in sorted(bought.codes) if code in owners), None)
        moved = by_order.get(bought.id)
        if customer not in by_friend and moved is not None:
            # The order has another owner by now, for example a guest who made an account.
            moved.friend_id = customer
        elif code is not None and customer not in by_friend:
            if bought.placed_at >= told.since[REFERRAL]:
                rows.append(referrals.add(session, customer, owners[code], code, by_hand=False))
        elif code is not None and _is_open(by_friend[customer]):
            by_friend[customer].referrer_id, by_friend[customer].code = owners[code], code
    session.flush()
    return rows


def _is_open(row: Referral) -> bool:
    """Whether the order alone says who brought the friend."""
    return not row.by_hand and row.decision is None


def given_by_referrers(
    session: Session, told: Programme, referrers: Collection[int]
) -> tuple[list[Occasion], set[int]]:
    """What these customers and all friends of theirs get, and who they are."""
    if not referrers:
        return [], set()
    rows = referrals.find(session, referrers=referrers)
    rows = [row for row in rows if row.referrer_id in referrers]
    friends = {row.friend_id for row in rows}
    first = referrals.first_orders(session, told.settings.purchase_statuses, friends)
    people = referrals.people(session, {*referrers, *friends})
    codes = referral_codes.codes_of(session, referrers)
    by_referrer: dict[int, list[Referral]] = defaultdict(list)
    for row in rows:
        by_referrer[row.referrer_id].append(row)
    found: list[Occasion] = []
    for referrer, own in by_referrer.items():
        listed = [_friend(row, people[row.friend_id], first) for row in own]
        allowed = codes.get(referrer, set()) | {row.code for row in own}
        judged = judge(people[referrer], allowed, listed, _limits(told))
        for row in own:
            bought = first.get(row.friend_id)
            referrals.note(row, judged[row.id], bought)
            found += _occasions(told, row, judged[row.id], bought)
    session.flush()
    return found, {*referrers, *friends}


def _friend(row: Referral, person: Person, first: dict[int, FirstOrder]) -> Friend:
    return Friend(
        number=row.id,
        person=person,
        first=first.get(row.friend_id),
        by_hand=row.by_hand,
        decision=row.decision,  # type: ignore[arg-type]
    )


def _limits(told: Programme) -> Limits:
    return Limits(
        since=told.since[REFERRAL],
        year_of=lambda moment: _year(told, moment),
        week=told.settings.points_referrals_per_week,
        year=told.settings.points_referrals_per_year,
    )


def _year(told: Programme, moment: datetime) -> str:
    return month_name(told.day(moment), told.calendar).partition("-")[0]


def _occasions(
    told: Programme, row: Referral, judged: Judged, bought: FirstOrder | None
) -> list[Occasion]:
    """What the referrer gets, and the friend; both wait until the order cannot be returned."""
    referral = Occasion(
        source=f"referral:{row.id}",
        reason="referral",
        customer_id=row.referrer_id,
        points=told.settings.points_referral,
        happened_at=bought.paid_at if bought else None,
        stands=judged.state == "accepted",
        waits=True,
    )
    referred = replace(
        referral,
        source=f"referred:{row.id}",
        reason="referred",
        customer_id=row.friend_id,
        points=told.settings.points_referred,
    )
    return [referral, referred]


def disagreements(session: Session) -> list[str]:
    """Points that referrals gave which were not accepted, in words that name the place."""
    accepted = {row.id for row in referrals.listing(session, ["accepted"])}
    given = [*occasions.lots(session, "referral"), *occasions.lots(session, "referred")]
    return [
        f"lot {lot.reference}: it has given {lot.granted} points, and its referral is not accepted"
        for lot in given
        if lot.granted > 0 and int(lot.reference.split(":")[1]) not in accepted
    ]
