"""Referrals of the store in scope, and what tells whether two customers are the same."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence

from sqlalchemy import and_, delete, func, or_, select, update
from sqlalchemy.orm import Session

from database import stores
from database.bulk import among, insert_rows
from database.models import Customer, Order, OrderAddress, Referral, ReferralCode
from database.orders import counts
from database.privacy import Hasher
from database.referral_codes import MEDIUM, SOURCE
from retention.referrals import FirstOrder, Judged, Person

_OF_THE_ORDER = and_(
    OrderAddress.store_id == Order.store_id, OrderAddress.order_id == Order.external_id
)


def first_orders(
    session: Session, statuses: Sequence[str], customers: Iterable[int]
) -> dict[int, FirstOrder]:
    """The first order that counts of each of these customers that has one."""
    place = func.row_number().over(
        partition_by=Order.customer_id,
        order_by=(Order.placed_at, func.length(Order.external_id), Order.external_id),
    )
    ranked = (
        select(Order.id, place.label("place"))
        .where(among(Order.customer_id, customers), *counts(statuses))
        .subquery()
    )
    rows = session.execute(
        select(
            *(Order.customer_id, Order.external_id, Order.placed_at, Order.paid_at),
            *(Order.coupon_codes, Order.source, Order.medium, Order.campaign),
            OrderAddress.hash,
        )
        .outerjoin(OrderAddress, _OF_THE_ORDER)
        .join(ranked, (ranked.c.id == Order.id) & (ranked.c.place == 1))
    )
    found = {}
    for row in rows:
        is_linked = (row.source, row.medium) == (SOURCE, MEDIUM) and row.campaign
        codes = [*row.coupon_codes, *([row.campaign.lower()] if is_linked else [])]
        found[row.customer_id] = FirstOrder(
            id=row.external_id,
            placed_at=row.placed_at,
            paid_at=row.paid_at or row.placed_at,
            codes=frozenset(codes),
            address=row.hash,
        )
    return found


def people(session: Session, customers: Collection[int]) -> dict[int, Person]:
    """These customers, with every address and number that they or their orders tell."""
    emails: dict[int, set[str]] = defaultdict(set)
    phones: dict[int, set[str]] = defaultdict(set)
    told = select(Customer.id, Customer.email, Customer.phone).where(among(Customer.id, customers))
    named = (
        select(Order.customer_id, Order.email, Order.phone)
        .where(among(Order.customer_id, customers))
        .distinct()
    )
    for number, email, phone in session.execute(told.union(named)):
        emails[number].update([email] if email else [])
        phones[number].update([phone] if phone else [])
    places: dict[int, set[bytes]] = defaultdict(set)
    rows = session.execute(
        select(Order.customer_id, OrderAddress.hash)
        .join(OrderAddress, _OF_THE_ORDER)
        .where(among(Order.customer_id, customers))
    )
    for owner, address in rows:
        if owner is not None:
            places[owner].add(address)
    return {
        number: Person(
            number,
            frozenset(emails[number]),
            frozenset(phones[number]),
            frozenset(places[number]),
        )
        for number in customers
    }


def keep_addresses(session: Session, addresses: Mapping[str, str], hasher: Hasher) -> None:
    """Keep of each order's address, by the order, only a hash."""
    insert_rows(
        session,
        OrderAddress,
        [
            {"order_id": order, "hash": hasher(f"address:{address}")}
            for order, address in sorted(addresses.items())
        ],
        unique=("store_id", "order_id"),
        replace=("hash",),
    )


def find(
    session: Session,
    *,
    customers: Iterable[int] = (),
    orders: Iterable[str] = (),
    referrers: Iterable[int] = (),
) -> list[Referral]:
    """The referrals of, or by, any of these customers, with one of these orders, or by these."""
    listed = list(customers)
    statement = select(Referral).where(
        or_(
            among(Referral.friend_id, listed),
            among(Referral.order_id, orders),
            among(Referral.referrer_id, [*listed, *referrers]),
        )
    )
    return list(session.scalars(statement.order_by(Referral.id)))


def get(session: Session, number: int) -> Referral | None:
    """The referral of this number."""
    return session.scalar(select(Referral).where(Referral.id == number))


def listing(session: Session, states: Collection[str]) -> Sequence[Referral]:
    """The referrals in these states, the oldest first."""
    return session.scalars(
        select(Referral).where(Referral.state.in_(states)).order_by(Referral.id)
    ).all()


def add(
    session: Session, friend_id: int, referrer_id: int, code: str, *, by_hand: bool
) -> Referral:
    """Note that a customer is said to have brought another."""
    row = {"friend_id": friend_id, "referrer_id": referrer_id, "code": code, "by_hand": by_hand}
    written = insert_rows(session, Referral, [{**row, "state": "waiting"}], returning=("id",))
    found = get(session, written[0].id)
    if found is None:
        raise LookupError("the referral that was just written is not there")
    return found


def note(row: Referral, judged: Judged, first: FirstOrder | None) -> None:
    """Note what became of a referral, and by which order."""
    row.state, row.reasons = judged.state, list(judged.reasons)
    row.order_id = first.id if first else None
    row.placed_at = first.placed_at if first else None


def decide(session: Session, row: Referral, decision: str, actor: str, why: str) -> None:
    """Note what a person decides about a referral now."""
    row.decision, row.decided_by, row.decided_why = decision, actor, why
    row.decided_at = stores.now(session)


def forget(session: Session, customers: Collection[int], orders: Iterable[str]) -> None:
    """Remove the codes of these customers, which may be names, and the addresses of these orders.

    What was accepted stays so without the code. What is held is rejected, because nobody can
    compare the two any more.
    """
    listed = list(customers)
    concerned = among(Referral.friend_id, listed) | among(Referral.referrer_id, listed)
    for statement in (
        delete(ReferralCode).where(among(ReferralCode.customer_id, listed)),
        delete(OrderAddress).where(among(OrderAddress.order_id, orders)),
        update(Referral).where(among(Referral.referrer_id, listed)).values(code="", by_hand=True),
        update(Referral)
        .where(concerned, Referral.state == "held", Referral.decision.is_(None))
        .values(
            state="rejected",
            decision="rejected",
            decided_why="a person was erased",
            decided_at=func.clock_timestamp(),
        ),
    ):
        session.execute(statement.execution_options(synchronize_session=False))
