"""Erasing a person: what the store shows is taken back, rows lose the name, events go."""

from collections.abc import Collection
from uuid import UUID

import structlog
from sqlalchemy.orm import Session

from connector.errors import ConnectorError
from connector.manifest import load
from connector.platform import CustomerFields
from database import erasure, inbox_privacy, outbox, privacy, stores
from database.models import Store
from database.person import Person, find
from database.privacy import Subject
from database.session import store_lock, store_transaction
from jobs.context import Context, NotActive, active_store, connected
from jobs.facts import Key
from jobs.history import look_up
from jobs.mentions import Reader, forget_erased
from jobs.write_back import LOCK as WRITING

log = structlog.get_logger()

EVENTS_AT_ONCE = 200
LONGEST_WRITE = 120.0
EXCLUDED = "points_excluded_customers"
STATES = ("waiting", "handled", "dead")


def erase(context: Context, store_id: UUID, subject: Subject, key: str) -> dict[str, int]:
    """Erase a person and finish the request of that key; how much of what was changed.

    Orders, totals, points and results stay as they are, of somebody without a name. Doing it
    again, for example after a crash, changes nothing that is already done.

    Raises:
        LookupError: there is no such store.
    """
    # While this lock is held nobody writes points to an account that is being forgotten.
    with store_lock(context.engine, store_id, WRITING, patience=LONGEST_WRITE):
        taken_back = _take_back(context, store_id, subject)
        with store_transaction(context.engine, store_id) as session:
            counts = _erase_rows(context, session, subject)
    counts |= {"taken_back": taken_back}
    counts |= {"events": forget_events(context, store_id, STATES)}
    with store_transaction(context.engine, store_id) as session:
        privacy.finish(session, key, counts)
    log.info("person erased", store=str(store_id), **counts)
    return counts


def _erase_rows(context: Context, session: Session, subject: Subject) -> dict[str, int]:
    store = stores.existing(session, lock=True)
    person = find(session, subject)
    _forget_in_settings(store, person)
    counts = erasure.erase(session, person, privacy.make_hasher(session, context.vault))
    for row in privacy.open_requests(session, "export"):
        if person.identities & set(privacy.subject_of(context.vault, row).identities):
            privacy.finish(session, row.key, {"erased_before_export": 1})
    return counts


def _forget_in_settings(store: Store, person: Person) -> None:
    """Take the person out of the list of those who earn no points."""
    listed = store.settings.get(EXCLUDED) or []
    named = {*person.emails, *(f"account:{name}" for name in person.accounts)}
    kept = [word for word in listed if word.lower() not in named]
    if kept != listed:
        store.settings = {**store.settings, EXCLUDED: kept}


def _take_back(context: Context, store_id: UUID, subject: Subject) -> int:
    """Remove what we show on the person's accounts, as far as the store lets us."""
    try:
        store = active_store(context, store_id)
        with store_transaction(context.engine, store_id) as session:
            person = find(session, subject)
            shown = sorted(person.accounts & set(outbox.ever_written(session, "customer")))
        if not shown:
            return 0
        names = load().platforms[store.platform.name].customer_fields.values()
        with connected(context, store) as connection:
            answers = connection.write_customers(
                [CustomerFields(name, dict.fromkeys(names)) for name in shown]
            )
    except NotActive:
        return 0
    except ConnectorError as error:
        log.warning(
            "what the store shows of an erased person stays there",
            store=str(store_id),
            error=type(error).__name__,
        )
        return 0
    return sum(answer.error is None for answer in answers)


def forget_events(context: Context, store_id: UUID, states: Collection[str]) -> int:
    """Remove the events in these states that mention whoever was erased; how many there were.

    What those that waited had to tell is read from the store instead.
    """
    after = count = 0
    open_keys: set[Key] = set()
    while True:
        with store_transaction(context.engine, store_id) as session:
            hasher = privacy.hasher(session, context.vault)
            events = inbox_privacy.portion(session, states, after, EVENTS_AT_ONCE)
            if hasher is None or not events:
                break
            reader = Reader.of(stores.existing(session))
            found = forget_erased(session, reader, hasher, events, states)
        after, count = events[-1].id, count + len(found)
        for event in found:
            if event.state == "waiting":
                open_keys.update(reader.keys(event.topic, event.body))
    _read_again(context, store_id, open_keys)
    return count


def _read_again(context: Context, store_id: UUID, keys: Collection[Key]) -> None:
    if not keys:
        return
    try:
        look_up(context, active_store(context, store_id), keys)
    except NotActive:
        return
    except ConnectorError as error:
        # The next reconciliation reads what changed.
        log.warning("store not read", store=str(store_id), error=type(error).__name__)
