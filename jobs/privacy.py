"""Requests about personal data: taken from platforms and merchants, fulfilled, and proved.

A platform's request is kept, encrypted, in the same moment as it is answered; the queue is told
the store only. Requests to be told everything wait for the merchant, who hands the answer on.
"""

from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import structlog
from sqlalchemy.exc import SQLAlchemyError

from connector.errors import BadPayload, ConnectorError, CredentialsRefused, TemporaryError
from connector.exports.cells import latin
from connector.identity import normalise_email, normalise_phone
from connector.meanings import PersonalData, StoreErased
from database import disclosure, erasure, inbox_privacy, privacy, stores
from database.models import Store
from database.person import Person, find
from database.privacy import RequestKind, Subject
from database.session import store_lock, store_transaction
from database.vault import VaultError
from jobs import queue
from jobs.context import Context, connected, current, describe
from jobs.erasing import EVENTS_AT_ONCE, STATES, erase, forget_events
from jobs.mentions import Reader

log = structlog.get_logger()

LOCK = "privacy"


def accept(
    context: Context, store_id: UUID, wanted: PersonalData | StoreErased, delivery: str
) -> None:
    """Keep a platform's verified request, once, so that it can be answered at once.

    `delivery` is the event's key: the same delivery told twice is one request. A store of which
    nothing is left needs nothing done, and a body that names another store is not believed.
    """
    with store_transaction(context.engine, store_id) as session:
        row = stores.get(session)
        if row is None:
            return
        if wanted.shop and wanted.shop != urlsplit(row.url).hostname:
            log.warning("privacy request that names another store", store=str(store_id))
            return
        if isinstance(wanted, StoreErased):
            privacy.ask_redaction(session, row, delivery)
        else:
            person = Subject(wanted.account_id, wanted.email, wanted.phone, wanted.order_ids)
            if person.identities:
                privacy.ask(session, context.vault, wanted.action, person, delivery)
    queue.enqueue(context.redis, queue.PRIVACY, store_id)


def fulfil(store_id: str) -> None:
    """Do what platforms asked for in this store, and remove dead events about erased people."""
    context = current()
    queue.started(context.redis, queue.PRIVACY, store_id)
    with store_lock(context.engine, UUID(store_id), LOCK) as alone:
        if alone:
            _fulfil(context, UUID(store_id))


def _fulfil(context: Context, store_id: UUID) -> None:
    with store_transaction(context.engine, store_id) as session:
        waiting = [
            (row.kind, row.key, privacy.subject_of(context.vault, row))
            for row in privacy.open_requests(session, "erase", "redact_store")
        ]
    for kind, key, subject in waiting:
        try:
            if kind == "redact_store":
                redact_store(context, store_id, key)
            else:
                erase(context, store_id, subject, key)
        except (ConnectorError, LookupError, SQLAlchemyError, VaultError) as error:
            log.warning(
                "privacy request is tried again later",
                store=str(store_id),
                kind=kind,
                error=type(error).__name__,
            )
    forget_events(context, store_id, ["dead"])


def enqueue_open(context: Context) -> None:
    """Ask for the job of every store that has something to be done."""
    for store_id in privacy.stores_to_redact(context.engine):
        queue.enqueue(context.redis, queue.PRIVACY, store_id)


def subject(
    context: Context, store_id: UUID, *, account: str | None, email: str | None, phone: str | None
) -> Subject:
    """A person as a merchant types them; digits may be Persian.

    Raises:
        BadPayload: what was typed is no e-mail address or phone number, or nothing was.
        LookupError: there is no such store.
    """
    with store_transaction(context.engine, store_id) as session:
        region = stores.existing(session).country
    number = latin(account).strip() if account else None
    named = Subject(number or None, normalise_email(email), normalise_phone(phone, region))
    if email and not named.email:
        raise BadPayload("email: is not an e-mail address; write it like name@example.com")
    if phone and not named.phone:
        raise BadPayload("phone: is not a phone number; write it with the country's code, +98 …")
    if not named.identities:
        raise BadPayload("name the person by account, e-mail address or phone number")
    return named


def ask(context: Context, store_id: UUID, kind: RequestKind, person: Subject | None) -> str:
    """Keep a merchant's request; its key. Without a person it is about the whole store.

    Raises:
        LookupError: there is no such store.
    """
    key = f"merchant:{uuid4()}"
    with store_transaction(context.engine, store_id) as session:
        row = stores.existing(session)
        if person is None:
            privacy.ask_redaction(session, row, key)
        else:
            privacy.ask(session, context.vault, kind, person, key)
    return key


def export(context: Context, store_id: UUID, key: str) -> dict[str, Any]:
    """Everything about the person of a request to be told it; that finishes the request.

    Raises:
        LookupError: there is no such store, or no such request that is open.
    """
    with store_transaction(context.engine, store_id) as session:
        row = privacy.request(session, key)
        if row is None or row.kind != "export" or row.done_at is not None:
            raise LookupError(f"no open request {key!r} to be told everything")
        person = find(session, privacy.subject_of(context.vault, row))
        told = disclosure.describe(session, person)
        reader = Reader.of(stores.existing(session))
    told["events"] = _events(context, store_id, reader, person)
    counts = {name: len(rows) for name, rows in told.items() if isinstance(rows, list)}
    with store_transaction(context.engine, store_id) as session:
        privacy.finish(session, key, counts)
    return told


def _events(
    context: Context, store_id: UUID, reader: Reader, person: Person
) -> list[dict[str, Any]]:
    wanted = person.identities | {f"order:{order}" for order in person.orders}
    found: list[dict[str, Any]] = []
    after = 0
    while True:
        with store_transaction(context.engine, store_id) as session:
            events = inbox_privacy.portion(session, STATES, after, EVENTS_AT_ONCE)
        if not events:
            return found
        after = events[-1].id
        found += [
            {
                "received_at": event.received_at.isoformat(),
                "topic": event.topic,
                "state": event.state,
                "body": event.body.decode("utf-8", "replace"),
            }
            for event in events
            if reader.mentions(event.topic, event.body) & wanted
        ]


def redact_store(context: Context, store_id: UUID, key: str) -> dict[str, int]:
    """Remove everything of a store that left, and finish the request; the proof stays.

    Raises:
        LookupError: there is no such store, or it uses the app (again): uninstall it first.
        ConnectorError: whether it does could not be found out; try again later.
    """
    with store_transaction(context.engine, store_id) as session:
        before = stores.existing(session)
    is_in_use = _is_in_use(context, before)
    with store_transaction(context.engine, store_id) as session:
        row = stores.existing(session, lock=True)
        if row.state != before.state:
            raise TemporaryError("the store came or went just now; try again")
        if is_in_use:
            privacy.finish(session, key, {"refused_because_in_use": 1})
            counts: dict[str, int] = {}
        else:
            counts = erasure.remove_store(session, row)
            privacy.finish(session, key, counts)
            for other in privacy.open_requests(session, "export", "erase", "redact_store"):
                privacy.finish(session, other.key, {"removed_with_the_store": 1})
    if not counts:
        raise LookupError(f"store {store_id} uses the app; uninstall it first")
    log.info("store removed", store=str(store_id), rows=sum(counts.values()))
    return counts


def _is_in_use(context: Context, row: Store) -> bool:
    """Whether the store still takes our key, had the news of its leaving been missed or old."""
    if row.state == "uninstalled" or row.credentials is None:
        return False
    try:
        with connected(context, describe(context, row)) as connection:
            connection.profile()
    except CredentialsRefused:
        return False
    return True
