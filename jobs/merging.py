"""Two accounts of one person that the store has made one."""

from database import claims, redemptions
from database.session import store_transaction
from jobs.absorb import lock_store
from jobs.apply import want_points
from jobs.context import ActiveStore, Context
from jobs.gifts import follow_merged


def merge(context: Context, store: ActiveStore, kept: str, gone: str) -> None:
    """Give what the account that is gone had by hand, and its redemptions, to the one kept.

    Its orders are read from the store anew, which names the one kept in them by then. News comes
    in any sequence, so that the one kept may itself be known already to have become another.

    Raises:
        NotActive: the store was disconnected or uninstalled meanwhile.
    """
    with store_transaction(context.engine, store.id) as session:
        lock_store(session, store)
        claims.merge(session, kept, gone)
        kept = claims.merged_into_at_last(session, kept)
        redemptions.follow(session, gone, kept)
        want_points(session, store, follow_merged(session, store, kept, gone))
