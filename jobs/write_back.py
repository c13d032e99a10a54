"""Writing to the store: only what changed, as absolute values, noted before and after."""

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

import structlog

from connector.errors import ConnectorError, CredentialsRefused, PermanentError, TemporaryError
from connector.platform import ConnectedStore, CrossSells, CustomerFields, Written
from database import outbox
from database.catalogue import cross_sells_in_store
from database.inbox import retry_seconds
from database.outbox import Due, WriteKind
from database.session import store_transaction
from jobs import queue
from jobs.absorb import absorb
from jobs.context import (
    ActiveStore,
    Context,
    NotActive,
    active_store,
    connected,
    current,
    disconnect,
)
from jobs.facts import Fact, key_of
from retention.cross_sells import CrossSellState, planned

log = structlog.get_logger()

BATCH = 100
Plan = dict[str, dict[str, Any]]
Send = Callable[[ConnectedStore, Plan], Sequence[Written]]


def write_back(store_id: str) -> None:
    """Write everything that is due for the store."""
    context = current()
    queue.started(context.redis, queue.WRITE_BACK, store_id)
    try:
        store = active_store(context, UUID(store_id))
        with connected(context, store) as connection:
            write_all(context, store, connection)
    except NotActive:
        log.info("store is not active, nothing is written", store=store_id)


def write_all(context: Context, store: ActiveStore, connection: ConnectedStore) -> int:
    """Write what is due, batch by batch, until nothing is; how many objects were written."""
    written = 0
    for kind, send in SENDERS.items():
        while due := _take(context, store, kind):
            accepted, stop = _write(context, store, connection, kind, send, due)
            written += accepted
            if stop:
                return written
    return written


def _take(context: Context, store: ActiveStore, kind: WriteKind) -> list[Due]:
    with store_transaction(context.engine, store.id) as session:
        return outbox.take(session, kind, BATCH)


def _write(
    context: Context,
    store: ActiveStore,
    connection: ConnectedStore,
    kind: WriteKind,
    send: Send,
    due: Sequence[Due],
) -> tuple[int, bool]:
    """Write one batch: how many objects were accepted, and whether to stop for now."""
    with store_transaction(context.engine, store.id) as session:
        plan, settled = _plan(session, store, kind, due)
        outbox.note_sending(session, kind, plan)
        outbox.accepted(session, kind, settled, {row.external_id: row.desired for row in due})
    if not plan:
        return 0, False
    try:
        answers = send(connection, plan)
    except CredentialsRefused as error:
        disconnect(context, store, error)
        return 0, True
    except ConnectorError as error:
        _refuse(context, store, kind, [row for row in due if row.external_id in plan], error)
        return 0, not isinstance(error, PermanentError)
    return _note(context, store, kind, plan, due, answers), False


def _plan(
    session: Any, store: ActiveStore, kind: WriteKind, due: Sequence[Due]
) -> tuple[Plan, Plan]:
    """What to send, and what the store already has."""
    if kind == "customer":
        fresh = {row.external_id: _changed(row) for row in due}
        whole = {row.external_id: row.desired for row in due if not fresh[row.external_id]}
        return {name: row for name, row in fresh.items() if row}, whole
    lists = cross_sells_in_store(session, [row.external_id for row in due])
    send: Plan = {}
    settled: Plan = {}
    for row in due:
        now = lists.get(row.external_id)
        before = CrossSellState.read(row.written), CrossSellState.read(row.sending)
        mode = store.settings.cross_sell_mode
        state = planned(now or (), before, row.desired.get("ours", ()), mode)
        same = now is None or list(now) == list(state.list)
        (settled if same else send)[row.external_id] = state.as_json()
    return send, settled


def _changed(row: Due) -> dict[str, str | None]:
    """The fields to send: all of them while an earlier call may have gone half through."""
    known = row.written or {} if row.sending is None else {}
    return {key: text for key, text in row.desired.items() if known.get(key, _NEVER) != text}


_NEVER = object()


def _send_cross_sells(connection: ConnectedStore, plan: Plan) -> Sequence[Written]:
    return connection.write_cross_sells(
        [CrossSells(name, tuple(state["list"])) for name, state in plan.items()]
    )


def _send_customers(connection: ConnectedStore, plan: Plan) -> Sequence[Written]:
    return connection.write_customers(
        [CustomerFields(name, fields) for name, fields in plan.items()]
    )


SENDERS: dict[WriteKind, Send] = {"cross_sells": _send_cross_sells, "customer": _send_customers}


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
        (key_of(answer.record), Fact(answer.record, read_now=True))
        for answer in accepted
        if answer.record
    ]
    desired = {name: rows[name].desired for name in plan}
    whole = desired if kind == "customer" else plan
    with store_transaction(context.engine, store.id) as session:
        absorb(session, store, facts)
        outbox.accepted(session, kind, {a.id: whole[a.id] for a in accepted}, desired)
        for answer in answers:
            if answer.error is not None:
                row = rows[answer.id]
                outbox.refused(
                    session,
                    kind,
                    row,
                    answer.error,
                    permanent=answer.permanent,
                    wait=retry_seconds(row.attempts + 1),
                )
    return len(accepted)


def _refuse(
    context: Context,
    store: ActiveStore,
    kind: WriteKind,
    due: Sequence[Due],
    error: ConnectorError,
) -> None:
    """Note a call that failed as a whole."""
    asked = error.retry_after if isinstance(error, TemporaryError) else None
    with store_transaction(context.engine, store.id) as session:
        for row in due:
            outbox.refused(
                session,
                kind,
                row,
                f"{type(error).__name__}: {error}",
                permanent=isinstance(error, PermanentError),
                wait=max(retry_seconds(row.attempts + 1), asked or 0),
            )
