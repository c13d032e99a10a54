"""Bringing the ledger to how an order stands.

Nothing is computed from what happened, only from how the order stands: the entries written are
the difference between what the order should have given by now and what it has. So refunds and
cancellations may come in any sequence, and twice, and end in the same balance.
"""

from datetime import datetime
from functools import partial

from retention.ledger.book import Book
from retention.ledger.posting import Shortfall, Source, Terms
from retention.points import EarningRule, copied_rule, target, text_of
from retention.records import Order


def settle(
    book: Book,
    order: Order,
    customer_id: int,
    rule: EarningRule,
    moment: datetime,
    shortfall: Shortfall = "write_off",
) -> None:
    """Post to the book what brings the ledger to how the order stands at `moment`.

    `customer_id` is whose order it is now: what is left with anyone else is moved. An order that
    already has entries keeps the rule copied in the first of them, whatever today's `rule` says.
    What is taken back that is no longer there follows `shortfall` (see `Source.bring`). The book
    must hold the order's lots, and all lots of its customers once a lot of the order has less
    left than it was granted.
    References are `order:{order}:{customer}:{n}`, n counting that lot's entries from 1.
    Raises ValueError when a copied rule cannot be read.
    """
    lots = book.of_order(order.id)
    if lots:
        first = lots[0]
        rule = copied_rule(first.rule)
        terms = Terms(first.rule, first.matures_at, first.expires_at)
    wanted = target(order, rule)
    if not lots:
        if not wanted:
            return
        terms = Terms(text_of(rule), rule.matures_at(order), rule.expires_at(order, moment))
    source = Source(
        book=book,
        name=f"order:{order.id}",
        lots=partial(book.of_order, order.id),
        terms=terms,
        moment=moment,
        order_id=order.id,
    )
    source.bring(customer_id, wanted, shortfall)
