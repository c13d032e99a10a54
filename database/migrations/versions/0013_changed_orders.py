"""Note which orders changed since a store was computed, and what the check of its results found."""

import sqlalchemy as sa
from alembic import context, op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

SCOPE = "NULLIF(current_setting('bazgasht.store', true), '')::uuid"
HEALTH = (
    "computation_health() RETURNS TABLE (store_id uuid, checked_at timestamptz, "
    "drifted_rows bigint, drifts bigint)"
)
CHECKED = """
    SELECT store_id, checked_at, drifted_rows, drifts FROM computations
    WHERE checked_at IS NOT NULL
"""


def upgrade() -> None:
    op.create_table(
        "changed_orders",
        sa.Column("number", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("store_id", sa.Uuid(), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["store_id"], ["stores.id"], name=op.f("fk_changed_orders_store_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("store_id", "number", name=op.f("pk_changed_orders")),
    )
    role = op.get_bind().dialect.identifier_preparer.quote(context.config.attributes["app_role"])
    op.execute("ALTER TABLE changed_orders ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE changed_orders FORCE ROW LEVEL SECURITY")
    op.execute(
        f"CREATE POLICY one_store ON changed_orders TO {role} "
        f"USING (store_id = {SCOPE}) WITH CHECK (store_id = {SCOPE})"
    )
    op.execute("CREATE POLICY overview ON changed_orders FOR SELECT TO CURRENT_USER USING (true)")
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON changed_orders TO {role}")
    op.execute(
        "CREATE FUNCTION note_changed_orders() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "INSERT INTO changed_orders (store_id, order_id) SELECT store_id, id FROM changed; "
        "RETURN NULL; END $$"
    )
    for event in ("INSERT", "UPDATE"):
        op.execute(
            f"CREATE TRIGGER note_changed_after_{event.lower()} AFTER {event} ON orders "
            "REFERENCING NEW TABLE AS changed FOR EACH STATEMENT "
            "EXECUTE FUNCTION note_changed_orders()"
        )
    op.add_column("computations", sa.Column("checked_at", sa.DateTime(timezone=True)))
    for name in ("drifted_rows", "drifts"):
        op.add_column(
            "computations",
            sa.Column(name, sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        )
    op.execute(
        f"CREATE FUNCTION {HEALTH} LANGUAGE sql STABLE SECURITY DEFINER "
        f"SET search_path = public AS $${CHECKED}$$"
    )
    op.execute("REVOKE ALL ON FUNCTION computation_health FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON FUNCTION computation_health TO {role}")


def downgrade() -> None:
    op.execute("DROP FUNCTION computation_health")
    for name in ("drifts", "drifted_rows", "checked_at"):
        op.drop_column("computations", name)
    for event in ("insert", "update"):
        op.execute(f"DROP TRIGGER note_changed_after_{event} ON orders")
    op.execute("DROP FUNCTION note_changed_orders")
    op.drop_table("changed_orders")
