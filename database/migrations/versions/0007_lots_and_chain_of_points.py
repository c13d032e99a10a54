"""Keep points in lots, each entry against one of the programme's accounts, in a chain of hashes.

What a customer had is available afterwards, in one lot for each order, and every balance is the
same before and after, also on the way back.
"""

import json
from datetime import UTC
from hashlib import sha256
from typing import Any

import sqlalchemy as sa
from alembic import context, op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

SCOPE = "NULLIF(current_setting('bazgasht.store', true), '')::uuid"
TIME = postgresql.TIMESTAMP(timezone=True)
PORTION = 5_000

# Without its force, row-level security lets the owner of the tables change what is there.
OPENED = ("stores", "point_entries")


def upgrade() -> None:
    _add_columns()
    _make_lots()
    for table in OPENED:
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
    _sort_into_lots()
    _link()
    for table in OPENED:
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    for name in ("number", "lot", "against", "hash"):
        op.alter_column("point_entries", name, nullable=False)
    op.create_unique_constraint(
        op.f("uq_point_entries_store_id_number"), "point_entries", ["store_id", "number"]
    )
    role = op.get_bind().dialect.identifier_preparer.quote(context.config.attributes["app_role"])
    op.execute("ALTER TABLE point_lots ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE point_lots FORCE ROW LEVEL SECURITY")
    op.execute(
        f"CREATE POLICY one_store ON point_lots TO {role} "
        f"USING (store_id = {SCOPE}) WITH CHECK (store_id = {SCOPE})"
    )
    op.execute("CREATE POLICY overview ON point_lots FOR SELECT TO CURRENT_USER USING (true)")
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON point_lots TO {role}")


def _add_columns() -> None:
    number = sa.Column("ledger_entries", sa.BigInteger(), server_default="0", nullable=False)
    op.add_column("stores", number)
    op.add_column(
        "stores", sa.Column("ledger_hash", sa.LargeBinary(), server_default="", nullable=False)
    )
    for column in (
        sa.Column("number", sa.BigInteger(), nullable=True),
        sa.Column("lot", sa.String(), nullable=True),
        sa.Column("pending", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("against", sa.String(), nullable=True),
        sa.Column("matures_at", TIME, nullable=True),
        sa.Column("expires_at", TIME, nullable=True),
        sa.Column("actor", sa.String(), server_default="", nullable=False),
        sa.Column("note", sa.String(), server_default="", nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=True),
    ):
        op.add_column("point_entries", column)
    op.alter_column("point_entries", "order_id", nullable=True)
    # The entries of an order are found by its lots now.
    op.drop_index("ix_point_entries_order", "point_entries")


def _make_lots() -> None:
    amounts = [
        sa.Column(name, sa.BigInteger(), nullable=False)
        for name in ("pending", "available", "granted", "written_off", "expired", "entries")
    ]
    op.create_table(
        "point_lots",
        sa.Column("store_id", sa.Uuid(), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("order_id", sa.String(), nullable=True),
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("rule", sa.String(), nullable=False),
        sa.Column("matures_at", TIME, nullable=True),
        sa.Column("expires_at", TIME, nullable=True),
        *amounts,
        sa.ForeignKeyConstraint(
            ["store_id"], ["stores.id"], name=op.f("fk_point_lots_store_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers.id"], name=op.f("fk_point_lots_customer_id")
        ),
        sa.PrimaryKeyConstraint("store_id", "reference", name=op.f("pk_point_lots")),
    )
    op.create_index("ix_point_lots_customer", "point_lots", ["store_id", "customer_id"])
    op.create_index("ix_point_lots_order", "point_lots", ["store_id", "order_id"])
    op.create_index(
        "ix_point_lots_maturing",
        "point_lots",
        ["store_id", "matures_at"],
        postgresql_where=sa.text("pending <> 0"),
    )
    op.create_index(
        "ix_point_lots_expiring",
        "point_lots",
        ["store_id", "expires_at"],
        postgresql_where=sa.text("available > 0 AND expires_at IS NOT NULL"),
    )


def _sort_into_lots() -> None:
    op.execute(
        """
        UPDATE point_entries SET
          order_id = NULLIF(order_id, ''),
          lot = CASE WHEN order_id = '' THEN 'adjust:carried:' || customer_id
                     ELSE 'order:' || order_id || ':' || customer_id END,
          against = CASE WHEN order_id = '' AND reason = 'matured' THEN 'matured'
                         WHEN order_id = '' THEN 'adjusted'
                         WHEN reason = 'moved' THEN 'moved'
                         ELSE 'issued' END
        """
    )
    op.execute(
        """
        INSERT INTO point_lots (store_id, reference, order_id, customer_id, rule, pending,
                                available, granted, written_off, expired, entries)
        SELECT store_id, lot, min(order_id), customer_id, (array_agg(rule ORDER BY id))[1], 0,
               sum(points),
               COALESCE(sum(points) FILTER (WHERE against IN ('issued', 'moved')), 0),
               0, 0, count(*)
        FROM point_entries GROUP BY store_id, lot, customer_id
        """
    )


def _link() -> None:
    """Number the entries of each store in their sequence, and link them by hashes.

    The formula is that of `retention.ledger.chain`, as it was when this was written.
    """
    statement = sa.text(
        "SELECT id, store_id, created_at, reference, lot, order_id, customer_id, points, "
        "against, reason, rule FROM point_entries ORDER BY store_id, id"
    )
    rows = op.get_bind().execute(statement.execution_options(yield_per=PORTION))
    store, number, last = None, 0, b""
    heads: dict[str, dict[str, Any]] = {}
    for portion in rows.partitions():
        links = []
        for row in portion:
            if row.store_id != store:
                store, number, last = row.store_id, 0, b""
            number += 1
            last = _digest(last, number, row)
            links.append({"id": row.id, "number": number, "hash": "\\x" + last.hex()})
            heads[str(store)] = {"id": str(store), "number": number, "hash": links[-1]["hash"]}
        _write("point_entries", "number", "hash", "bigint", links)
    _write("stores", "ledger_entries", "ledger_hash", "uuid", list(heads.values()))


def _digest(last: bytes, number: int, row: Any) -> bytes:
    content = [
        number,
        row.created_at.astimezone(UTC).isoformat(),
        row.reference,
        row.lot,
        row.order_id,
        row.customer_id,
        row.points,
        0,
        row.against,
        row.reason,
        row.rule,
        None,
        None,
        "",
        "",
    ]
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    return sha256(last + text.encode()).digest()


def _write(table: str, number: str, digest: str, kind: str, links: list[dict[str, Any]]) -> None:
    op.get_bind().execute(
        sa.text(
            f"UPDATE {table} t SET {number} = l.number, {digest} = l.hash "  # noqa: S608
            f"FROM json_to_recordset(CAST(:links AS json)) "
            f"AS l(id {kind}, number bigint, hash bytea) WHERE t.id = l.id"
        ),
        {"links": json.dumps(links)},
    )


def downgrade() -> None:
    op.execute("ALTER TABLE point_entries NO FORCE ROW LEVEL SECURITY")
    # What was not given by an order must not count as given by it.
    op.execute(
        "UPDATE point_entries SET order_id = '' "
        "WHERE order_id IS NULL OR against NOT IN ('issued', 'moved')"
    )
    op.execute("ALTER TABLE point_entries FORCE ROW LEVEL SECURITY")
    op.drop_table("point_lots")
    op.drop_constraint(op.f("uq_point_entries_store_id_number"), "point_entries")
    for name in (
        *("number", "lot", "pending", "against", "matures_at"),
        *("expires_at", "actor", "note", "hash"),
    ):
        op.drop_column("point_entries", name)
    op.alter_column("point_entries", "order_id", nullable=False)
    op.create_index("ix_point_entries_order", "point_entries", ["store_id", "order_id"])
    op.drop_column("stores", "ledger_entries")
    op.drop_column("stores", "ledger_hash")
