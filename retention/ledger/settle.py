"""Bringing the ledger to how an order stands.

Nothing is computed from what happened, only from how the order stands: the entries written are
the difference between what the order should have given by now and what it has. So refunds and
cancellations may come in any sequence, and twice, and end in the same balance.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial

from retention.ledger.book import Book
from retention.ledger.posting import Shortfall, Source, Terms
from retention.points import EarningRule, copied_rule, target, text_of
from retention.records import Order, PointLot


def settle(
    book: Book,
    order: Order,
    customer_id: int,
    rule: EarningRule,
    moment: datetime,
    shortfall: Shortfall = "write_off",
    most: int | None = None,
) -> None:
    """Post to the book what brings the ledger to how the order stands at `moment`.

    `customer_id` is whose order it is now: what is left with anyone else is moved. An order that
    already has entries keeps the rule copied into them, whatever today's `rule` says; only lines
    that came later take their multipliers from it, and points that start to count at delivery get
    their days when that is told. `most` is what the customer's caps leave to the order, None
    without caps; an order to which they leave nothing still keeps its rule, by an entry of 0.
    What is taken back that is no longer there follows `shortfall` (see `Source.bring`). The book
    must hold the order's lots, and all lots of its customers once a lot of the order has less
    left than it was granted.
    References are `order:{order}:{customer}:{n}`, n counting that lot's entries from 1.
    Raises ValueError when a copied rule cannot be read.
    """
    lots = book.of_order(order.id)
    rule = rule_of(lots, rule)
    wanted = target(order, rule)
    if not lots and not wanted:
        return
    source = Source(
        book=book,
        name=f"order:{order.id}",
        lots=partial(book.of_order, order.id),
        terms=_terms(lots, order, rule, moment),
        moment=moment,
        order_id=order.id,
    )
    source.bring(customer_id, wanted if most is None else min(wanted, most), shortfall)


def rule_of(lots: Sequence[PointLot], rule: EarningRule) -> EarningRule:
    """Return the rule by which an order that has these lots earns.

    It is the one copied into them, which gets the multipliers that `rule` has for later lines,
    if the order's lines have multipliers at all; today's rule where there are no lots.
    """
    if not lots:
        return rule
    copied = copied_rule(lots[0].rule)
    known = {line for line, _ in copied.lines}
    later = [one for one in rule.lines if one[0] not in known] if known else []
    return replace(copied, lines=tuple(sorted([*copied.lines, *later]))) if later else copied


def _terms(lots: Sequence[PointLot], order: Order, rule: EarningRule, moment: datetime) -> Terms:
    matures_at, waits = rule.matures_at(order), rule.waits(order)
    if not lots:
        return Terms(text_of(rule), matures_at, rule.expires_at(order, moment), waits)
    first = lots[0]
    text = first.rule if rule is copied_rule(first.rule) else text_of(rule)
    if not rule.from_delivery or matures_at == first.matures_at:
        return Terms(text, first.matures_at, first.expires_at, waits)
    return Terms(text, matures_at, rule.expires_at(order, moment), waits)
