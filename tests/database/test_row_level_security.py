"""The wall between merchants: what one store's transaction can see and change, table by table."""

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine, delete, func, insert, select, text, update
from sqlalchemy.exc import IntegrityError, ProgrammingError
from sqlalchemy.orm import Session

from database import models
from database.models import Base
from database.session import store_transaction, transaction
from tests.database.rows import NOON, new_store

APP_TABLES = {"installs", "schedule_ticks", "alembic_version"}
STORE_TABLES = sorted(
    name for name, table in Base.metadata.tables.items() if "store_id" in table.columns
)
CLASSES: dict[str, Any] = {
    mapper.class_.__tablename__: mapper.class_ for mapper in Base.registry.mappers
}


def numbers(product: int, other: int) -> dict[str, Any]:
    return {"product_id": product, "other_id": other, "count": 1, "base": 1}


# A row of each table but for its store; orders have the number 1 and customers the number 1.
ROWS: dict[str, Callable[[], dict[str, Any]]] = {
    "inbox_events": lambda: {
        "key": "k", "topic": "order.updated", "headers": {}, "body": b"", "state": "waiting",
    },
    "customers": lambda: {"key": "email:a@example.test"},
    "categories": lambda: {"external_id": "5", "name": "Tea"},
    "products": lambda: {"external_id": "70", "name": "Beans"},
    "orders": lambda: {
        "external_id": "1", "number": "1", "status": "completed", "currency": "USD",
        "placed_at": NOON, "modified_at": NOON, "total": 1, "kept_net": 1, "content": b"",
    },
    "order_lines": lambda: {
        "order_id": 1, "position": 0, "external_id": "7", "name": "Beans", "quantity": 1,
        "net": 1, "kept_quantity": 1, "kept_net": 1,
    },
    "refunds": lambda: {
        "order_id": 1, "external_id": "8", "amount": 1, "allocated": 1, "lines": [],
    },
    "point_entries": lambda: {
        "reference": "order:1:1:1", "order_id": "1", "customer_id": 1, "points": 1,
        "number": 1, "lot": "order:1:1", "against": "issued", "reason": "earned", "rule": "{}",
        "hash": b"h",
    },
    "point_lots": lambda: {
        "reference": "order:1:1", "order_id": "1", "customer_id": 1, "rule": "{}", "pending": 0,
        "available": 1, "granted": 1, "written_off": 0, "expired": 0, "entries": 1,
    },
    "write_backs": lambda: {
        "kind": "customer", "external_id": "1", "desired": {}, "state": "waiting",
    },
    "progress": lambda: {"task": "backfill: orders", "state": "running"},
    "product_affinities": lambda: numbers(1, 2) | {
        "kind": "next", "other_base": 1, "total": 1, "support": 1, "confidence": 1,
        "base_rate": 1, "lift": 1, "score": 1,
    },
    "recommendations": lambda: numbers(1, 2) | {
        "rank": 1, "score": 1, "reason_kind": "next", "base_rate": 1, "lift": 1,
    },
    "product_choices": lambda: {"product_id": 1, "list_id": 0, "kind": "pin"},
    "category_flows": lambda: {
        "first_category_id": 1, "second_category_id": 1, "count": 1, "base": 1, "share": 1,
        "base_rate": 1, "lift": 1, "low": 1, "high": 1, "probability": 1, "enough": True,
    },
    "customer_categories": lambda: {
        "customer_id": 1, "rank": 1, "category_id": 1, "basis": "observed", "probability": 1,
        "count": 1, "base": 1, "base_rate": 1, "low": 1, "high": 1, "enough": True,
    },
    "personal_recommendations": lambda: {
        "customer_id": 1, "kind": "next", "rank": 1, "product_id": 1, "score": 1,
        "reason_kind": "bought_before", "count": 1, "base": 1, "base_rate": 1,
    },
    "computations": lambda: {"figures": {}, "seconds": 1},
    "claim_links": lambda: {
        "token_hash": b"h", "customer_id": 1, "email": "a@example.test", "expires_at": NOON,
    },
    "changed_orders": lambda: {"order_id": 1},
    "privacy_keys": lambda: {"sealed": b"k"},
    "erased_identities": lambda: {"hash": b"h", "pseudonym": "p", "erased_at": NOON},
    "privacy_requests": lambda: {"key": "k", "kind": "erase", "subject_hash": b"h"},
    "reports": lambda: {
        "kind": "past", "period_start": NOON, "period_end": NOON, "fingerprint": "f",
        "report": {},
    },
    "report_changes": lambda: {"period_start": NOON, "period_end": NOON, "changes": []},
    "baselines": lambda: {"name": "stickiness_repeat", "figure": {}},
    "customer_predictions": lambda: {"customer_id": 1, "segment": "new"},
    "redemptions": lambda: {
        "reference": "1", "key": b"1", "customer_id": 1, "points": 1, "worth": 1,
        "currency": "USD", "kind": "code", "code": "points-1", "state": "reserved",
        "made_at": NOON, "expires_at": NOON,
    },
    "reviews": lambda: {
        "external_id": "1", "product_external_id": "2", "reviewed_at": NOON, "rating": 5,
    },
    "customer_tiers": lambda: {"customer_id": 1, "tier": "gold", "amount": 1, "as_of": NOON},
    "tier_changes": lambda: {
        "customer_id": 1, "before": "", "after": "gold", "at": NOON, "why": "reached",
        "amount": 1, "threshold": 1,
    },
    "rule_starts": lambda: {"name": "points_tiers", "rule": "gold=1", "since": NOON},
    "expiry_warnings": lambda: {
        "customer_id": 1, "expires_on": NOON.date(), "days_before": 7, "points": 1,
    },
    "account_holders": lambda: {"hash": b"h", "customer_id": 1, "person": 1},
    "birthdays": lambda: {
        "person": 1, "customer_id": 1, "calendar": "jalali", "month": 12, "day": 30,
        "given_at": NOON,
    },
    "referral_codes": lambda: {"code": "friend-1", "customer_id": 1},
    "referrals": lambda: {
        "friend_id": 2, "referrer_id": 1, "code": "friend-1", "by_hand": False,
        "state": "waiting",
    },
    "order_addresses": lambda: {"order_id": "1", "hash": b"h"},
    "retention_costs": lambda: {
        "kind": "messages", "first_day": NOON.date(), "last_day": NOON.date(), "amount": 1,
        "currency": "USD",
    },
}  # fmt: skip
NEEDS = {
    "order_lines": "orders",
    "refunds": "orders",
    "point_entries": "customers",
    "point_lots": "customers",
    "redemptions": "customers",
}


@pytest.fixture
def pair(engine: Engine) -> tuple[UUID, UUID]:
    """A store, and another one that must see nothing of it."""
    return new_store(engine, "a"), new_store(engine, "b")


def add(session: Session, table: str, store_id: UUID) -> None:
    session.add(CLASSES[table](store_id=store_id, **ROWS[table]()))
    session.flush()


def fill(engine: Engine, table: str, store_id: UUID) -> None:
    """Put one row into the table, after those that it refers to."""
    with store_transaction(engine, store_id) as session:
        if table in NEEDS:
            add(session, NEEDS[table], store_id)
        add(session, table, store_id)


def count(session: Session, table: str) -> int:
    return session.scalar(select(func.count()).select_from(CLASSES[table])) or 0


def test_every_table_is_of_a_store_or_known_to_be_of_none() -> None:
    tables = set(Base.metadata.tables)
    assert tables - set(STORE_TABLES) - {"stores"} == APP_TABLES & tables
    assert set(ROWS) == set(STORE_TABLES)


@pytest.mark.parametrize("table", [*STORE_TABLES, "stores"])
def test_the_database_forces_row_level_security(engine: Engine, table: str) -> None:
    with transaction(engine) as session:
        enabled, forced = session.execute(
            text("SELECT relrowsecurity, relforcerowsecurity FROM pg_class WHERE relname = :t"),
            {"t": table},
        ).one()
    assert (enabled, forced) == (True, True)


@pytest.mark.parametrize("table", STORE_TABLES)
def test_without_a_store_no_row_is_seen(
    engine: Engine, pair: tuple[UUID, UUID], table: str
) -> None:
    fill(engine, table, pair[0])
    with transaction(engine) as session:
        assert count(session, table) == 0
    with store_transaction(engine, pair[0]) as session:
        assert count(session, table) == 1


@pytest.mark.parametrize("table", STORE_TABLES)
def test_another_stores_row_is_neither_seen_changed_nor_deleted(
    engine: Engine, pair: tuple[UUID, UUID], table: str
) -> None:
    mine, other = pair
    fill(engine, table, mine)
    rows = Base.metadata.tables[table]
    with store_transaction(engine, other) as session:
        assert count(session, table) == 0
        if table == "point_entries":
            return
        key = rows.primary_key.columns[0]
        assert not session.execute(update(rows).values({key: key}).returning(key)).all()
        assert not session.execute(delete(rows).returning(key)).all()
    with store_transaction(engine, mine) as session:
        assert count(session, table) == 1


@pytest.mark.parametrize("table", STORE_TABLES)
def test_no_row_can_be_put_into_another_store(
    engine: Engine, pair: tuple[UUID, UUID], table: str
) -> None:
    mine, other = pair
    if table in NEEDS:
        fill(engine, NEEDS[table], mine)
    with (
        pytest.raises(ProgrammingError, match="row-level security"),
        store_transaction(engine, other) as session,
    ):
        add(session, table, mine)


@pytest.mark.parametrize("table", [t for t in STORE_TABLES if t != "point_entries"])
def test_no_row_can_be_given_to_another_store(
    engine: Engine, pair: tuple[UUID, UUID], table: str
) -> None:
    mine, other = pair
    fill(engine, table, mine)
    with (
        pytest.raises(ProgrammingError, match="row-level security"),
        store_transaction(engine, mine) as session,
    ):
        session.execute(update(Base.metadata.tables[table]).values(store_id=other))


def test_a_store_sees_its_own_row_only(engine: Engine, pair: tuple[UUID, UUID]) -> None:
    with transaction(engine) as session:
        assert session.scalars(select(models.Store.id)).all() == []
    with store_transaction(engine, pair[0]) as session:
        assert session.scalars(select(models.Store.id)).all() == [pair[0]]


def test_a_scope_ends_with_its_transaction(engine: Engine, pair: tuple[UUID, UUID]) -> None:
    with engine.connect() as connection, Session(connection) as session:
        session.execute(text("SELECT set_config('bazgasht.store', :s, true)"), {"s": str(pair[0])})
        assert count(session, "stores") == 1
        session.commit()
        assert count(session, "stores") == 0


def test_no_store_can_be_made_in_another_ones_name(engine: Engine) -> None:
    with (
        pytest.raises(ProgrammingError, match="row-level security"),
        store_transaction(engine, uuid4()) as session,
    ):
        session.add(
            models.Store(
                id=uuid4(),
                platform="woocommerce",
                url="https://x.test",
                state="active",
                settings={},
            )
        )


@pytest.mark.parametrize(
    "statement", ["UPDATE point_entries SET points = 5", "DELETE FROM point_entries"]
)
def test_the_ledger_is_only_ever_added_to(
    engine: Engine, pair: tuple[UUID, UUID], statement: str
) -> None:
    fill(engine, "point_entries", pair[0])
    with (
        pytest.raises(ProgrammingError, match="permission denied"),
        store_transaction(engine, pair[0]) as session,
    ):
        session.execute(text(statement))


@pytest.mark.parametrize(
    ("again", "constraint"), [({"number": 2}, "reference"), ({"reference": "x:1"}, "number")]
)
def test_an_effect_happens_once_in_a_store(
    engine: Engine, pair: tuple[UUID, UUID], again: dict[str, Any], constraint: str
) -> None:
    for store_id in pair:
        fill(engine, "point_entries", store_id)
    entry = {**ROWS["point_entries"](), **again}
    with (
        pytest.raises(IntegrityError, match=f"point_entries_store_id_{constraint}"),
        store_transaction(engine, pair[0]) as session,
    ):
        session.execute(insert(models.PointEntry).values(store_id=pair[0], **entry))


def test_the_app_owns_nothing_and_may_not_pass_the_wall(engine: Engine) -> None:
    with transaction(engine) as session:
        role = session.execute(
            text(
                "SELECT rolsuper, rolbypassrls, rolcreaterole, rolcreatedb FROM pg_roles "
                "WHERE rolname = current_user"
            )
        ).one()
        owned = session.execute(
            text("SELECT count(*) FROM pg_class WHERE pg_get_userbyid(relowner) = current_user")
        ).scalar_one()
        may_create = session.execute(
            text("SELECT has_schema_privilege(current_user, 'public', 'CREATE')")
        ).scalar_one()
    assert tuple(role) == (False, False, False, False)
    assert (owned, may_create) == (0, False)


@pytest.mark.parametrize(
    "statement",
    [
        "TRUNCATE orders",
        "ALTER TABLE orders DISABLE ROW LEVEL SECURITY",
        "DROP POLICY one_store ON orders",
        "CREATE TABLE mine (id int)",
    ],
)
def test_the_app_cannot_take_the_wall_down(engine: Engine, statement: str) -> None:
    with pytest.raises(ProgrammingError), transaction(engine) as session:
        session.execute(text(statement))


def test_what_concerns_all_stores_tells_identifiers_and_counts_only(
    engine: Engine, pair: tuple[UUID, UUID]
) -> None:
    fill(engine, "inbox_events", pair[0])
    with transaction(engine) as session:
        names = session.scalars(
            text(
                "SELECT a.name FROM pg_proc p, unnest(p.proargnames) AS a(name) "
                "WHERE p.prosecdef AND p.pronamespace = 'public'::regnamespace"
            )
        ).all()
    told = {name for name in names if not name.startswith(("wanted_", "older_", "default_"))}
    assert told == {
        *("store_id", "platform", "url", "state"),
        *("waiting", "oldest_seconds", "dead", "last_delivery"),
        *("checked_at", "drifted_rows", "drifts"),
    }


def test_what_sees_all_stores_looks_among_temporary_tables_last(engine: Engine) -> None:
    """Where the app's role may make temporary tables, none stands in for one that is read."""
    with transaction(engine) as session:
        overviews = session.execute(
            text(
                "SELECT proname, proconfig FROM pg_proc WHERE prosecdef "
                "AND pronamespace = 'public'::regnamespace"
            )
        ).all()
    assert len(overviews) > 1
    for name, settings in overviews:
        assert settings == ["search_path=public, pg_temp"], name
