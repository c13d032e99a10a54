"""Reading the reviews of a store's products."""

import structlog

from connector.errors import CredentialsRefused, PermanentError
from connector.platform import ConnectedStore
from database import reviews
from database.session import store_transaction
from jobs.absorb import lock_store
from jobs.apply import want_points
from jobs.context import ActiveStore, Context
from jobs.occasions import follow_reviews

log = structlog.get_logger()


def read_reviews(context: Context, store: ActiveStore, connection: ConnectedStore) -> None:
    """Read all reviews; those that are no longer shown go. A store may refuse to show any.

    Raises ConnectorError, and NotActive when the store was disconnected or left meanwhile.
    """
    try:
        found = [review for portion in connection.reviews() for review in portion]
    except CredentialsRefused:
        raise
    except PermanentError as error:
        log.warning("reviews are not shown", store=str(store.id), error=str(error))
        return
    with store_transaction(context.engine, store.id) as session:
        lock_store(session, store)
        reviews.replace_reviews(session, found)
        want_points(session, store, follow_reviews(session, store))
