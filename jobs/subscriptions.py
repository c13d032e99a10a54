"""A store's webhooks: where they go and which there are."""

from collections.abc import Sequence

from connector.manifest import load
from database import stores
from database.session import store_transaction
from jobs.context import ActiveStore, Context, connected


def webhook_address(context: Context, store: ActiveStore) -> str:
    """Where the store's webhooks are delivered."""
    return f"{context.public_url}/webhooks/{store.platform.name}/{store.id}"


def topics(store: ActiveStore) -> Sequence[str]:
    """The topics that this store is asked to send."""
    return store.platform.topics_to_register(load().platforms[store.platform.name].topics)


def register_webhooks(context: Context, store: ActiveStore) -> None:
    """Make the store's webhooks those of the manifest, each once, active, with our secret."""
    with store_transaction(context.engine, store.id) as session:
        row = stores.get(session)
        sealed = row.webhook_secrets if row else None
    secret = context.vault.unseal(sealed)[0] if sealed else ""
    with connected(context, store) as connection:
        connection.register_webhooks(webhook_address(context, store), secret, topics(store))
