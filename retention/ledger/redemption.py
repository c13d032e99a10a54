"""Bringing the ledger to what a redemption should hold: points reserved, and points redeemed.

Nothing is computed from what happened: the entries written are the difference between what is to
be reserved or redeemed and what is, so news of orders may come in any sequence, and twice.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from retention.ledger.book import Book
from retention.ledger.holdings import GIVING_BACK, TAKING, Account, Holdings
from retention.ledger.posting import Shortfall
from retention.records import PointAccount, PointEntry, PointLot, PointReason

CHANGING: dict[Account, PointReason] = {"reserved": "reopened", "redeemed": "committed"}
OTHER: dict[Account, Account] = {"reserved": "redeemed", "redeemed": "reserved"}


def affordable(book: Book, customer_id: int, moment: datetime) -> int:
    """Return what the customer may spend: available points that have not expired, less debts.

    The book must hold all of the customer's lots.
    """
    lots = book.of_customer(customer_id)
    debts = sum(lot.available for lot in lots if lot.available < 0)
    return max(0, sum(lot.available for lot in lots if _is_usable(lot, moment)) + debts)


@dataclass(slots=True)
class Spending:
    """A redemption at the book: `entries` are those that it has so far, in their sequence.

    `customer_id` is whose the redemption is now. Points that come back go to the lots that they
    are from, with their expiry, when these are the customer's; where a lot expires within
    `grace_days` (0: no matter), or is another's, they are a lot of their own, lasting so long,
    whose note names the lot that they are from.
    The book must hold all lots of the customer, those that the entries name, and all of their
    orders.
    References are `redemption:{reference}:{n}`, n counting its entries from 1.
    """

    book: Book
    reference: str
    customer_id: int
    rule: str
    moment: datetime
    grace_days: int = 0
    entries: list[PointEntry] = field(default_factory=list)

    def bring(self, reserved: int, redeemed: int, shortfall: Shortfall = "write_off") -> None:
        """Post what makes so many points reserved, or so many redeemed, and gives the rest back.

        One of the two is 0. Points are taken from what is available and has not expired, soonest
        to expire first. Should there be too few of them, as when an order whose points went back
        is paid after all, `shortfall` decides: they are owed, or the customer keeps the rest.
        """
        holdings = Holdings.of(self.entries)
        wanted = reserved + redeemed
        account: Account = "reserved" if holdings.reserved else "redeemed"
        if wanted:
            account = "reserved" if reserved else "redeemed"
            self._change(holdings, account)
        if wanted > holdings.points:
            self._take(wanted - holdings.points, account, shortfall)
        elif wanted < holdings.points:
            self._give_back(holdings, holdings.points - wanted, account)

    def _change(self, holdings: Holdings, account: Account) -> None:
        """Let all that is held count as reserved, or as redeemed."""
        other = OTHER[account]
        if not getattr(holdings, other):
            return
        for part in holdings.parts.values():
            if part.held:
                self._post(part.lot, part.held, other, CHANGING[account])
                self._post(part.lot, -part.held, account, CHANGING[account])

    def _take(self, points: int, account: Account, shortfall: Shortfall) -> None:
        rest = min(points, affordable(self.book, self.customer_id, self.moment))
        points -= rest
        for lot in self.book.of_customer(self.customer_id):
            part = min(rest, lot.available) if _is_usable(lot, self.moment) else 0
            if part:
                self._post(lot.reference, -part, account, TAKING[account])
            rest -= part
        if points:
            own = self._post(None, -points, account, TAKING[account])
            if shortfall == "write_off":
                self._post(own, points, "written_off", "written_off")

    def _give_back(self, holdings: Holdings, points: int, account: Account) -> None:
        for name, given in holdings.shares(points):
            if given:
                self._give_part(self.book.lots[name], given, account)

    def _give_part(self, source: PointLot, points: int, account: Account) -> None:
        """Give points of one lot back, but for those that are the customer's already.

        They were left to the customer because they had been spent, and they no longer are.
        """
        reason = GIVING_BACK[account]
        kept = min(points, self._written_off(source))
        if kept:
            self._post(source.reference, kept, account, reason)
            self._post(source.reference, -kept, "written_off", "reclaimed")
        if points > kept:
            lot, expires_at = self._place(source)
            note = "" if lot else source.reference
            self._post(lot, points - kept, account, reason, expires_at, note)

    def _written_off(self, source: PointLot) -> int:
        """What was left to the customers of the lot's order, or of the lot."""
        lots = self.book.of_order(source.order_id) if source.order_id else [source]
        return max(0, sum(lot.written_off for lot in lots))

    def _place(self, source: PointLot) -> tuple[str | None, datetime | None]:
        """The lot to which points of this one go back, None for a new one, and its expiry."""
        expires_at = source.expires_at
        if expires_at is not None and self.grace_days:
            expires_at = max(expires_at, self.moment + timedelta(days=self.grace_days))
        is_own = source.customer_id == self.customer_id
        is_as_it_was = is_own and expires_at == source.expires_at
        return (source.reference if is_as_it_was else None), expires_at

    def _post(
        self,
        name: str | None,
        points: int,
        against: PointAccount,
        reason: PointReason,
        expires_at: datetime | None = None,
        note: str = "",
    ) -> str:
        """Post an entry to the lot of that name, or to a new one; the lot's name."""
        reference = f"redemption:{self.reference}:{len(self.entries) + 1}"
        lot = self.book.lots.get(name) if name else None
        entry = PointEntry(
            reference=reference,
            lot=lot.reference if lot else reference,
            order_id=lot.order_id if lot else None,
            customer_id=lot.customer_id if lot else self.customer_id,
            points=points,
            pending=0,
            against=against,
            reason=reason,
            rule=self.rule,
            expires_at=lot.expires_at if lot else expires_at,
            note=note,
        )
        self.book.post(entry)
        self.entries.append(entry)
        return entry.lot


def _is_usable(lot: PointLot, moment: datetime) -> bool:
    return lot.available > 0 and (lot.expires_at is None or lot.expires_at > moment)
