"""What a store says of itself: kept when it is connected, and read again every hour."""

import structlog

from connector.platform import ConnectedStore, StoreProfile
from database import progress, stores
from database.models import Store
from database.session import store_transaction
from jobs import queue
from jobs.absorb import lock_store
from jobs.context import ActiveStore, Context
from jobs.history import BACKFILL

log = structlog.get_logger()


def keep_profile(row: Store, profile: StoreProfile) -> None:
    """Note in the store's row what it says of itself."""
    row.name, row.currency = profile.name, profile.currency
    row.time_zone, row.country = profile.time_zone, profile.country
    row.warnings = list(profile.warnings)


def refresh_profile(context: Context, store: ActiveStore, connection: ConnectedStore) -> None:
    """Read what the store says of itself, and load its orders again should it show more of them.

    Raises:
        ConnectorError: the store refuses or does not answer.
        NotActive: the store was disconnected or uninstalled meanwhile.
    """
    profile = connection.profile()
    with store_transaction(context.engine, store.id) as session:
        lock_store(session, store)
        row = stores.get(session)
        if row is None:
            return
        shows_more = not set(row.warnings) <= set(profile.warnings)
        keep_profile(row, profile)
        if shows_more:
            progress.begin(session, BACKFILL["order"])
    if shows_more:
        log.info("store shows more than before, its orders are loaded again", store=str(store.id))
        queue.enqueue(context.redis, queue.INSTALL, store.id)
