"""What a shopper sees of the points of an account: all that there is, at one moment."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from sqlalchemy.orm import Session

from connector.manifest import load
from database import points, redemptions, stores
from database.privacy import Subject
from database.session import store_transaction
from jobs.context import ActiveStore, Context, active_store
from jobs.points import one_customer
from jobs.redemption_ledger import redemption_rule
from jobs.shown_points import texts
from retention.ledger.book import Book
from retention.ledger.redemption import affordable
from retention.redemption import Redemption, RedemptionRule

LISTED = 20


@dataclass(frozen=True, slots=True)
class ShopperPoints:
    """An account's points.

    `available` is what can be spent (below 0: owed), `most` what can be redeemed at once by the
    `rule`, and `expiring` how many are lost on the day `next_expiry`, the store's. `redemptions`
    are those that may still be used, newest first.
    """

    rule: RedemptionRule
    available: int = 0
    pending: int = 0
    most: int = 0
    next_expiry: date | None = None
    expiring: int = 0
    tier: str | None = None
    tier_second_name: str | None = None
    redemptions: tuple[Redemption, ...] = ()

    @property
    def value(self) -> Decimal | None:
        """What the available points buy, in the rule's currency; None while they buy nothing."""
        if not self.rule.enabled or not self.rule.point_value:
            return None
        return self.rule.worth(max(0, self.available))


def shopper_points(context: Context, store_id: UUID, account_id: str) -> ShopperPoints | None:
    """The account's points, None while the store neither gives any nor takes any.

    Raises:
        NotActive: there is no such store, or it is not active.
    """
    store = active_store(context, store_id)
    rule = redemption_rule(store)
    if not store.settings.points_enabled and not rule.enabled:
        return None
    with store_transaction(context.engine, store.id) as session:
        try:
            customer = one_customer(session, Subject(account_id))
        except LookupError:
            return ShopperPoints(rule)
        return _points(session, store, rule, customer, account_id)


def _points(
    session: Session, store: ActiveStore, rule: RedemptionRule, customer: int, account_id: str
) -> ShopperPoints:
    names = load().platforms[store.platform.name].customer_fields
    shown = texts(session, store, [customer]).get(account_id, {})
    told = {key: shown.get(name) for key, name in names.items()}
    moment = stores.now(session)
    book = Book(points.lots_of_customers(session, [customer]))
    balance = points.balances(session, [customer])[customer]
    day = told.get("points_next_expiry")
    made = redemptions.of_customers(session, [customer])
    return ShopperPoints(
        rule=rule,
        available=balance.available,
        pending=balance.pending,
        most=rule.most(affordable(book, customer, moment)),
        next_expiry=date.fromisoformat(day) if day else None,
        expiring=int(told.get("points_expiring") or 0),
        tier=told.get("tier"),
        tier_second_name=told.get("tier_second_name"),
        redemptions=tuple(one for one in made if one.is_open and one.expires_at > moment)[:LISTED],
    )
