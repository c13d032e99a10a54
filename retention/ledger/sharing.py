"""Bringing all that shares caps to what it should have given, together.

What one source gives under caps is what the others leave, so orders, rewards and occasions of a
customer are settled at once. Of those that no news is about, the entries tell how they stand.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from retention.caps import Caps, Claim, allowed
from retention.ledger.book import Book
from retention.ledger.occasions import Occasion, begins, bring, copied_terms, is_withdrawn
from retention.ledger.posting import Shortfall
from retention.ledger.settle import rule_of, settle
from retention.points import EarningRule, is_capped, target
from retention.records import Order, PointLot


@dataclass(frozen=True, slots=True)
class Settlement:
    """Orders and occasions that are settled together, with all that shares caps with them.

    `owners` are the orders' customers, `rules` those by which the orders, and the second of each
    pair by which occasions, would earn today. `customers` are those of whom the book and
    `orders` hold all that is under caps, none while nothing here is. `withdrawn` are the
    references of those entries by which a person took back what occasions had given; these get
    nothing more, and leave no room.
    """

    orders: Sequence[Order] = ()
    owners: Mapping[str, int] = field(default_factory=dict)
    rules: Mapping[str, EarningRule] = field(default_factory=dict)
    occasions: Sequence[tuple[Occasion, EarningRule | None]] = ()
    customers: Collection[int] = ()
    withdrawn: Collection[str] = ()


def settle_together(
    book: Book, news: Settlement, moment: datetime, shortfall: Shortfall = "write_off"
) -> None:
    """Post what brings all of a settlement to how it stands, as `settle` and `bring` do of one.

    Under caps those that gain come first, so that what others give back is there to be taken.
    """
    most: dict[str, int] = {}
    if news.customers:
        news = replace(news, occasions=_with_those_noted(book, news))
        claims = order_claims(book, news.orders, news.owners, news.rules)
        most = allowances([*claims, *occasion_claims(book, news.occasions, moment)])
        _post(book, _gaining(book, news, most), most, moment, shortfall)
    _post(book, news, most, moment, shortfall)


def _with_those_noted(book: Book, news: Settlement) -> list[tuple[Occasion, EarningRule | None]]:
    """The occasions told of, but for withdrawn ones, and the customers' others as noted."""
    told = [pair for pair in news.occasions if not is_withdrawn(pair[0], book, news.withdrawn)]
    names = {one.name for one, _ in told}
    others = [one for one in noted(book.lots.values()) if one.name not in names]
    return [*told, *((one, None) for one in others if one.customer_id in news.customers)]


def _gaining(book: Book, news: Settlement, most: Mapping[str, int]) -> Settlement:
    def gains(name: str, lots: Iterable[PointLot]) -> bool:
        return most.get(name, 0) > sum(lot.granted for lot in lots)

    return replace(
        news,
        orders=[one for one in news.orders if gains(one.id, book.of_order(one.id))],
        occasions=[pair for pair in news.occasions if gains(pair[0].name, pair[0].lots(book))],
    )


def _post(
    book: Book,
    news: Settlement,
    most: Mapping[str, int],
    moment: datetime,
    shortfall: Shortfall,
) -> None:
    for order in news.orders:
        rule, owner = news.rules[order.id], news.owners[order.id]
        settle(book, order, owner, rule, moment, shortfall, most.get(order.id))
    for occasion, today in news.occasions:
        if not is_withdrawn(occasion, book, news.withdrawn):
            bring(book, occasion, today, moment, shortfall, most.get(occasion.name))


Claims = list[tuple[int, Claim]]


def order_claims(
    book: Book,
    orders: Iterable[Order],
    owners: Mapping[str, int],
    rules: Mapping[str, EarningRule],
) -> Claims:
    """Return what those of the orders that earn under caps would give without, by customer."""
    found = []
    for order in orders:
        rule = rule_of(book.of_order(order.id), rules[order.id])
        if rule.is_capped and (points := target(order, rule)):
            claim = Claim(order.id, order.bought_at, points, rule.caps, rule.total_caps)
            found.append((owners[order.id], claim))
    return found


def occasion_claims(
    book: Book, occasions: Iterable[tuple[Occasion, EarningRule | None]], moment: datetime
) -> Claims:
    """Return what those of the occasions that are under caps would give without, by customer.

    One that has given points already is under the caps copied then, whatever the rule says.
    """
    found = []
    for occasion, rule in occasions:
        lots = occasion.lots(book)
        if lots and is_capped(lots[0].rule) and occasion.stands:
            found.append((occasion.customer_id, _noted_claim(occasion, lots[0])))
        elif not lots and rule is not None and rule.is_capped and begins(occasion, rule):
            at, caps, total = occasion.happened_at or moment, rule.caps, rule.total_caps
            claim = Claim(occasion.name, at, occasion.points, caps, total, occasion.reason)
            found.append((occasion.customer_id, claim))
    return found


def _noted_claim(occasion: Occasion, lot: PointLot) -> Claim:
    copied = copied_terms(lot)
    return Claim(
        name=occasion.name,
        at=occasion.happened_at or datetime.fromisoformat(copied["happened_at"]),
        points=int(copied["points"]),
        caps=Caps(**copied.get("caps", {})),
        total=Caps(**copied.get("total_caps", {})),
        reason=occasion.reason,
    )


def allowances(claims: Claims) -> dict[str, int]:
    """Return what caps leave to each claim, given with its customer, by the claims' names."""
    by_customer: dict[int, list[Claim]] = {}
    for customer, claim in claims:
        by_customer.setdefault(customer, []).append(claim)
    return {name: most for own in by_customer.values() for name, most in allowed(own).items()}


def as_noted(lot: PointLot) -> Occasion | None:
    """Return the occasion of a lot as it last stood, None where it is under no caps."""
    if lot.order_id is not None or not is_capped(lot.rule):
        return None
    copied = copied_terms(lot)
    return Occasion(
        source=lot.reference.rpartition(":")[0],
        reason=copied.get("occasion", "rewarded"),
        customer_id=copied["customers"][-1],
        points=int(copied["points"]),
        happened_at=datetime.fromisoformat(copied["happened_at"]),
        stands=copied.get("stands", True),
        may_begin=False,
    )


def noted(lots: Iterable[PointLot]) -> list[Occasion]:
    """Return the occasions of these lots that are under caps, as they last stood."""
    found = (one for lot in lots if (one := as_noted(lot)))
    return list({one.name: one for one in found}.values())


def lots_of_noted(lots: Iterable[PointLot]) -> set[str]:
    """Return the references of all lots of the occasions of these lots that are under caps."""
    return {
        f"{lot.reference.rpartition(':')[0]}:{customer}"
        for lot in lots
        if as_noted(lot)
        for customer in copied_terms(lot)["customers"]
    }


def has_stood(lot: PointLot) -> bool:
    """Return whether the occasion of a lot stood when the lot was last brought to it."""
    before = as_noted(lot)
    return before.stands if before else lot.granted > 0


def is_as_given(occasion: Occasion, lot: PointLot | None) -> bool:
    """Return whether an occasion is as it was when its lot was last brought to it."""
    stood = lot is not None and has_stood(lot)
    if not (stood and occasion.stands) or lot is None:
        return stood == occasion.stands
    before = as_noted(lot)
    return before is None or occasion.happened_at in (None, before.happened_at)
