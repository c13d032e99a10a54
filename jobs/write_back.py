"""Writing to the store: only what changed, as absolute values, noted before and after."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy.orm import Session

from connector.errors import ConnectorError, CredentialsRefused, TemporaryError
from connector.platform import ConnectedStore, CrossSells, CustomerFields, Written
from database import outbox
from database.catalogue import cross_sells_in_store
from database.outbox import Due, WriteKind
from database.session import store_lock, store_transaction
from database.versions import Version
from jobs import queue
from jobs.absorb import absorb, lock_store
from jobs.context import (
    ActiveStore,
    Context,
    NotActive,
    active_store,
    connected,
    current,
    disconnect,
)
from jobs.facts import Fact, Key, key_of, known
from retention.cross_sells import CrossSellState, planned
from retention.records import ObjectKind

log = structlog.get_logger()

BATCH = 100
LOCK = "write back"
Rows = Mapping[str, Mapping[str, Any]]
Send = Callable[[ConnectedStore, Rows], Sequence[Written]]


@dataclass(slots=True)
class Plan:
    """What to do about rows that are due, by the store's identifiers.

    `send` is what the store shall get and `sending` what is noted of it before; `settled` is
    what the store has already, and `hidden` what no shopper sees. `versions` is what was known
    of the objects when the plan was made.
    """

    send: dict[str, dict[str, Any]] = field(default_factory=dict)
    sending: dict[str, dict[str, Any]] = field(default_factory=dict)
    settled: dict[str, dict[str, Any]] = field(default_factory=dict)
    hidden: list[str] = field(default_factory=list)
    versions: dict[Key, Version] = field(default_factory=dict)


def write_back(store_id: str) -> None:
    """Write everything that is due for the store."""
    context = current()
    queue.started(context.redis, queue.WRITE_BACK, store_id)
    with store_lock(context.engine, UUID(store_id), LOCK) as alone:
        if not alone:
            return  # Whoever has the lock goes on until nothing is due.
        try:
            store = active_store(context, UUID(store_id))
            with connected(context, store) as connection:
                write_all(context, store, connection)
        except NotActive:
            log.info("store is not active, nothing is written", store=store_id)


def write_all(context: Context, store: ActiveStore, connection: ConnectedStore) -> int:
    """Write what is due, batch by batch, until nothing is; how many objects were written.

    The caller holds the lock on the store's writing.

    Raises:
        NotActive: the store was disconnected or uninstalled meanwhile.
    """
    written = 0
    for kind in SENDERS:
        while due := _take(context, store, kind):
            accepted, stop = _write(context, store, connection, kind, due)
            written += accepted
            if stop:
                return written
    return written


def _take(context: Context, store: ActiveStore, kind: WriteKind) -> list[Due]:
    with store_transaction(context.engine, store.id) as session:
        lock_store(session, store)
        return outbox.take(session, kind, BATCH)


def _write(
    context: Context,
    store: ActiveStore,
    connection: ConnectedStore,
    kind: WriteKind,
    due: Sequence[Due],
) -> tuple[int, bool]:
    """Write one batch: how many objects were accepted, and whether to stop for now."""
    with store_transaction(context.engine, store.id) as session:
        lock_store(session, store)
        plan = _plan(session, store, kind, due)
        outbox.note_sending(session, kind, plan.sending)
        outbox.accepted(session, kind, plan.settled, {row.external_id: row.desired for row in due})
        outbox.hide(session, kind, plan.hidden)
    if not plan.send:
        return 0, False
    try:
        answers = SENDERS[kind](connection, plan.send)
    except CredentialsRefused as error:
        disconnect(context, store, error)
        return 0, True
    except ConnectorError as error:
        _refuse(context, store, kind, [row for row in due if row.external_id in plan.send], error)
        return 0, True
    return _note(context, store, kind, plan, due, answers), False


def _plan(session: Session, store: ActiveStore, kind: WriteKind, due: Iterable[Due]) -> Plan:
    return (_plan_fields if kind == "customer" else _plan_cross_sells)(session, store, due)


def _plan_fields(session: Session, _store: ActiveStore, due: Iterable[Due]) -> Plan:
    plan = Plan()
    for row in due:
        # All of them while an earlier call may have gone half through.
        had = row.written or {}
        fresh = {
            key: text
            for key, text in row.desired.items()
            if row.sending is not None or had.get(key) != text
        }
        if fresh:
            plan.send[row.external_id] = plan.sending[row.external_id] = fresh
        else:
            plan.settled[row.external_id] = row.desired
    plan.versions = _known(session, "customer", plan.send)
    return plan


def _plan_cross_sells(session: Session, store: ActiveStore, due: Iterable[Due]) -> Plan:
    rows = {row.external_id: row for row in due}
    mode = store.settings.cross_sell_mode
    # What is given back to the merchant is given back on drafts too.
    lists = cross_sells_in_store(session, rows, unpublished=mode == "off")
    plan = Plan(hidden=[name for name in rows if name not in lists])
    for name, now in lists.items():
        row = rows[name]
        before = CrossSellState.read(row.written), CrossSellState.read(row.sending)
        state = planned(now, before, row.desired.get("ours", ()), mode)
        if tuple(now) == state.list:
            plan.settled[name] = state.as_json()
        else:
            plan.send[name] = state.as_json()
            plan.sending[name] = _also(row.sending, plan.send[name])
    plan.versions = _known(session, "product", plan.send)
    return plan


def _also(earlier: Mapping[str, Any] | None, state: Mapping[str, Any]) -> dict[str, Any]:
    """The state about to be sent, with what an earlier call of unknown outcome may have done."""
    parts = {name: [*state[name], *(earlier or {}).get(name, ())] for name in ("ours", "hidden")}
    return {**state, **{name: list(dict.fromkeys(part)) for name, part in parts.items()}}


def _known(session: Session, kind: ObjectKind, names: Iterable[str]) -> dict[Key, Version]:
    return known(session, [(kind, name) for name in names])


def _send_cross_sells(connection: ConnectedStore, rows: Rows) -> Sequence[Written]:
    return connection.write_cross_sells(
        [CrossSells(name, tuple(state["list"])) for name, state in rows.items()]
    )


def _send_fields(connection: ConnectedStore, rows: Rows) -> Sequence[Written]:
    return connection.write_customers(
        [CustomerFields(name, fields) for name, fields in rows.items()]
    )


SENDERS: dict[WriteKind, Send] = {"cross_sells": _send_cross_sells, "customer": _send_fields}


def _note(
    context: Context,
    store: ActiveStore,
    kind: WriteKind,
    plan: Plan,
    due: Sequence[Due],
    answers: Sequence[Written],
) -> int:
    """Keep what the store accepted, with the object as it now is, and what it refused."""
    rows = {row.external_id: row for row in due}
    accepted = [answer for answer in answers if answer.error is None]
    facts = [
        (key, Fact(answer.record, read_now=True, known_before=plan.versions.get(key)))
        for answer in accepted
        if answer.record and (key := key_of(answer.record))
    ]
    desired = {name: rows[name].desired for name in plan.send}
    whole: Rows = desired if kind == "customer" else plan.send
    with store_transaction(context.engine, store.id) as session:
        # What this leaves open, the webhook that our own writing causes will tell.
        absorb(session, store, facts)
        outbox.accepted(session, kind, {a.id: whole[a.id] for a in accepted}, desired)
        for answer in answers:
            if answer.error is not None:
                outbox.refused(
                    session, kind, rows[answer.id], answer.error, permanent=answer.permanent
                )
    return len(accepted)


def _refuse(
    context: Context,
    store: ActiveStore,
    kind: WriteKind,
    due: Sequence[Due],
    error: ConnectorError,
) -> None:
    """Note a call that failed as a whole: no single object is to blame, so all are tried again."""
    asked = error.retry_after if isinstance(error, TemporaryError) else None
    with store_transaction(context.engine, store.id) as session:
        lock_store(session, store)
        for row in due:
            outbox.refused(
                session,
                kind,
                row,
                f"{type(error).__name__}: {error}",
                permanent=False,
                asked=asked,
            )
