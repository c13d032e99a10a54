"""Changing what a merchant has chosen for a store, with all that follows from it."""

import json
from collections.abc import Mapping
from contextlib import suppress
from uuid import UUID

from sqlalchemy.orm import Session

from connector.settings import Settings, validate_settings
from database import outbox, stores
from database.models import Store
from database.session import store_transaction
from jobs import queue
from jobs.context import Context
from jobs.counting import note_rewards
from jobs.occasion_rules import switch
from jobs.passing_time import follow_anew


def change_settings(context: Context, store_id: UUID, wanted: Mapping[str, object]) -> Settings:
    """Change these settings of a store, by name; all of them, as they are then.

    Raises:
        LookupError: there is no such store.
        ValueError: a setting is unknown or not valid; nothing was changed.
    """
    with store_transaction(context.engine, store_id) as session:
        row = stores.existing(session, lock=True)
        checked = validate_settings({**row.settings, **wanted})
        if wanted:
            _keep(session, row, checked, wanted)
    if {"guest_identity", "points_claim"} & set(wanted):
        queue.enqueue(context.redis, queue.COMPARE, store_id)
    if wanted:
        queue.enqueue(context.redis, queue.POINTS, store_id)
        queue.enqueue(context.redis, queue.PERSONAL, store_id)
    return checked


def _keep(session: Session, row: Store, checked: Settings, wanted: Mapping[str, object]) -> None:
    moment = stores.now(session)
    if checked.points_enabled and row.settings.get("points_enabled") is False:
        row.points_since = moment
    # Settings of an earlier version may not be valid any more; they were never applied then.
    with suppress(ValueError):
        before = validate_settings(row.settings)
        follow_anew(session, row, before, checked, moment)
        note_rewards(session, before, checked, moment)
    kept = {**row.settings, **{name: getattr(checked, name) for name in wanted}}
    row.settings = json.loads(json.dumps(kept, default=str))
    outbox.reconsider_all(session, "cross_sells")
    stores.mark_dirty(session)
    switch(session, checked, moment)
