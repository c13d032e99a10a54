"""What a customer kept of an order: exact amounts after every refund."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from retention.records import Order, OrderLine, Refund

CENT_OF_A_CENT = Decimal("0.0001")


@dataclass(frozen=True, slots=True)
class KeptLine:
    """What is kept of one order line; `net` is rounded half to even at four decimals.

    A line that was paid for and of which no money is kept has quantity 0, even when the refund
    named no quantity. A line that was free keeps what was not returned.
    """

    line: OrderLine
    quantity: int
    net: Decimal


@dataclass(frozen=True, slots=True)
class KeptOrder:
    """What is kept of an order: its lines, in the order's order, and its exact net amount."""

    lines: tuple[KeptLine, ...]
    net: Fraction


def kept(order: Order) -> KeptOrder:
    """Return what the customer kept of the order, whatever its status.

    Refund lines reduce their order lines. What a refund does not assign to anything
    (amount - allocated, or all of it while its lines are unknown) is taken to be spread over
    the whole order: the goods bear order.net / order.total of it, each line in proportion to
    what is left on it. Nothing goes below zero, and once the refunds reach the order's total
    nothing is kept. The order of the refunds does not matter, nor does a refund listed twice.
    """
    if not order.refunds:
        return _whole(order)
    refunds = _distinct(order.refunds)
    returned = sum((refund.amount for refund in refunds), Decimal(0))
    if returned > 0 and returned >= order.total:
        nothing = _money(Fraction(0))
        return KeptOrder(tuple(KeptLine(line, 0, nothing) for line in order.lines), Fraction(0))
    left = _after_refund_lines(order, refunds)
    goods = sum(left.values(), Fraction(0))
    net = max(Fraction(0), goods - _unassigned_on_goods(order, refunds))
    ratio = net / goods if goods > 0 else Fraction(1)
    quantities = _refunded_quantities(refunds)
    lines = tuple(
        _kept_line(line, left[line.id] * ratio, quantities.get(line.id, 0)) for line in order.lines
    )
    return KeptOrder(lines, net)


def weighted(order: Order, weights: Mapping[str, Fraction]) -> Fraction:
    """Return the exact net amount kept, each line times its weight, 1 where none is given.

    With no weights it is `kept(order).net`. A line whose amount is below zero, a discount in
    disguise, counts with its weight too; the whole is never below zero.
    """
    refunds = _distinct(order.refunds)
    returned = sum((refund.amount for refund in refunds), Decimal(0))
    if returned > 0 and returned >= order.total:
        return Fraction(0)
    left = _after_refund_lines(order, refunds)
    goods = sum(left.values(), Fraction(0))
    if goods <= 0:
        return Fraction(0)
    net = max(Fraction(0), goods - _unassigned_on_goods(order, refunds))
    one = Fraction(1)
    whole = sum((amount * weights.get(line, one) for line, amount in left.items()), Fraction(0))
    return max(Fraction(0), whole * net / goods)


def paid_in_money(order: Order) -> Fraction:
    """Return the part of the order that was not paid by credit, from 0 to 1.

    Credit counts as spread over the whole order, tax and shipping included, so this is also the
    part of each line.
    """
    if not order.paid_by_credit:
        return Fraction(1)
    whole = order.total if order.total_before_credit is None else order.total_before_credit
    if whole <= 0:
        return Fraction(0)
    return max(Fraction(0), 1 - Fraction(order.paid_by_credit) / Fraction(whole))


def _whole(order: Order) -> KeptOrder:
    """Return the same for an order without refunds, which most are, without the fractions."""
    net = max(order.net, Decimal(0))
    lines = (
        KeptLine(line, line.quantity, max(line.net, Decimal(0)).quantize(CENT_OF_A_CENT))
        for line in order.lines
    )
    return KeptOrder(tuple(lines), Fraction(net))


def _distinct(refunds: Iterable[Refund]) -> list[Refund]:
    """Return each refund once; where two versions differ, the one that tells more."""
    versions: dict[str, Refund] = {}
    for refund in refunds:
        known = versions.get(refund.id)
        if known is None or _detail(refund) > _detail(known):
            versions[refund.id] = refund
    return list(versions.values())


def _detail(refund: Refund) -> tuple[bool, Decimal, Decimal, str]:
    return (refund.lines is not None, refund.amount, refund.allocated, repr(refund.lines))


def _after_refund_lines(order: Order, refunds: Iterable[Refund]) -> dict[str, Fraction]:
    left = {line.id: Fraction(line.net) for line in order.lines}
    for refund in refunds:
        for part in refund.lines or ():
            if part.order_line_id in left:
                left[part.order_line_id] -= Fraction(part.net)
    # A line that was negative from the start is a discount in disguise and stays one.
    return {
        line.id: max(left[line.id], Fraction(min(line.net, Decimal(0)))) for line in order.lines
    }


def _unassigned_on_goods(order: Order, refunds: Iterable[Refund]) -> Fraction:
    if order.total <= 0 or order.net <= 0:
        return Fraction(0)
    unassigned = sum((_unassigned(refund) for refund in refunds), Fraction(0))
    return unassigned * Fraction(order.net) / Fraction(order.total)


def _unassigned(refund: Refund) -> Fraction:
    assigned = Decimal(0) if refund.lines is None else refund.allocated
    return Fraction(max(Decimal(0), refund.amount - assigned))


def _refunded_quantities(refunds: Iterable[Refund]) -> dict[str, int]:
    quantities: dict[str, int] = {}
    for refund in refunds:
        for part in refund.lines or ():
            quantities[part.order_line_id] = quantities.get(part.order_line_id, 0) + part.quantity
    return quantities


def _kept_line(line: OrderLine, net: Fraction, refunded: int) -> KeptLine:
    quantity = max(0, line.quantity - refunded)
    if line.net > 0 and net <= 0:
        quantity = 0
    return KeptLine(line, quantity, _money(max(Fraction(0), net)))


def _money(amount: Fraction) -> Decimal:
    return Decimal(round(amount / Fraction(CENT_OF_A_CENT))) * CENT_OF_A_CENT
