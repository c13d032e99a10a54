"""Keep customers' tiers with their trail, since when rules hold, and warnings before expiry."""

import sqlalchemy as sa
from alembic import context, op
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

SCOPE = "NULLIF(current_setting('bazgasht.store', true), '')::uuid"
TIME = postgresql.TIMESTAMP(timezone=True)
MONEY = sa.Numeric(20, 4)
TABLES = ("customer_tiers", "tier_changes", "rule_starts", "expiry_warnings")


def upgrade() -> None:
    _create_tiers()
    _create_rest()
    role = op.get_bind().dialect.identifier_preparer.quote(context.config.attributes["app_role"])
    for table in TABLES:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(
            f"CREATE POLICY one_store ON {table} TO {role} "
            f"USING (store_id = {SCOPE}) WITH CHECK (store_id = {SCOPE})"
        )
        op.execute(f"CREATE POLICY overview ON {table} FOR SELECT TO CURRENT_USER USING (true)")
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO {role}")


def _create_tiers() -> None:
    op.create_table(
        "customer_tiers",
        sa.Column("store_id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("tier", sa.String(), nullable=False),
        sa.Column("amount", MONEY, nullable=False),
        sa.Column("since", TIME, nullable=True),
        sa.Column("as_of", TIME, nullable=False),
        sa.Column("due_at", TIME, nullable=True),
        _of_a_store("customer_tiers"),
        sa.PrimaryKeyConstraint("store_id", "customer_id", name=op.f("pk_customer_tiers")),
    )
    op.create_index("ix_customer_tiers_due", "customer_tiers", ["store_id", "due_at"])
    op.create_table(
        "tier_changes",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("store_id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("before", sa.String(), nullable=False),
        sa.Column("after", sa.String(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("why", sa.String(), nullable=False),
        sa.Column("amount", MONEY, nullable=False),
        sa.Column("threshold", MONEY, nullable=False),
        sa.Column("noted_at", TIME, server_default=sa.func.clock_timestamp(), nullable=False),
        _of_a_store("tier_changes"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tier_changes")),
    )
    op.create_index("ix_tier_changes_customer", "tier_changes", ["store_id", "customer_id"])


def _create_rest() -> None:
    op.create_table(
        "rule_starts",
        sa.Column("store_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("rule", sa.String(), nullable=False),
        sa.Column("since", TIME, nullable=False),
        _of_a_store("rule_starts"),
        sa.PrimaryKeyConstraint("store_id", "name", name=op.f("pk_rule_starts")),
    )
    op.create_table(
        "expiry_warnings",
        sa.Column("store_id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("expires_on", sa.Date(), nullable=False),
        sa.Column("days_before", sa.Integer(), nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.Column("noted_at", TIME, server_default=sa.func.clock_timestamp(), nullable=False),
        _of_a_store("expiry_warnings"),
        sa.PrimaryKeyConstraint(
            "store_id",
            "customer_id",
            "expires_on",
            "days_before",
            name=op.f("pk_expiry_warnings"),
        ),
    )


def _of_a_store(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["store_id"], ["stores.id"], name=op.f(f"fk_{table}_store_id"), ondelete="CASCADE"
    )


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)
