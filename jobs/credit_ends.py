"""Store credit that is over: what is left of it nobody can spend, and its points go back."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction

from connector.platform import ConnectedStore
from database import stores
from database.session import store_transaction
from jobs.absorb import lock_store
from jobs.apply import want_points
from jobs.context import ActiveStore, Context
from jobs.redemption_ledger import bring
from jobs.rewards import kept, reward_of
from retention.redemption import Redemption, returned_points

# By how much our clock may be ahead of the store's.
CLOCKS_APART = timedelta(hours=1)


def look_at(
    context: Context, store: ActiveStore, connection: ConnectedStore, row: Redemption
) -> Redemption:
    """Ask what is left of a redemption's credit, and keep as spent what is not.

    Before the credit is over everything stays as it is: what an order gives back can be spent again
    until then. What comes back later cannot, and so is left, too.

    Raises ConnectorError when the store does not answer, or refuses.
    """
    left = connection.credit_left(reward_of(row))
    if left is None:
        return row
    with store_transaction(context.engine, store.id) as session:
        is_over = left.ends_at <= stores.now(session) - CLOCKS_APART
    return spend(context, store, row, left=left.amount) if is_over else row


def spend(context: Context, store: ActiveStore, row: Redemption, *, left: Decimal) -> Redemption:
    """Keep the credit of a redemption as spent but for what is left of it.

    The caller holds the redemption's lock. The orders that it had when the store was asked need
    not be asked about any more.
    """
    with store_transaction(context.engine, store.id) as session:
        lock_store(session, store)
        now = kept(session, row.reference)
        spent = 1 - Fraction(left) / Fraction(now.worth)
        returned = returned_points(now.points, spent)
        orders = now.orders[len(row.orders) :]
        now = replace(now, state="used", returned=returned, orders=orders)
        want_points(session, store, bring(session, store, [now]))
        return kept(session, row.reference)
