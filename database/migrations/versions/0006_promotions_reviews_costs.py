"""Keep discounts, coupon codes and sources of orders, reviews, and costs that were entered."""

import sqlalchemy as sa
from alembic import context, op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

TABLES = ("reviews", "retention_costs")
SCOPE = "NULLIF(current_setting('bazgasht.store', true), '')::uuid"
TIME = postgresql.TIMESTAMP(timezone=True)
NOW = sa.text("clock_timestamp()")


def upgrade() -> None:
    for column in (
        sa.Column("discount", sa.Numeric(20, 4), nullable=True),
        sa.Column("coupon_codes", sa.ARRAY(sa.String()), server_default="{}", nullable=False),
        sa.Column("source", sa.String(), nullable=True),
        sa.Column("medium", sa.String(), nullable=True),
        sa.Column("campaign", sa.String(), nullable=True),
    ):
        op.add_column("orders", column)
    _make_tables()
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


def _make_tables() -> None:
    op.create_table(
        "reviews",
        sa.Column("store_id", sa.Uuid(), nullable=False),
        sa.Column("external_id", sa.String(), nullable=False),
        sa.Column("product_external_id", sa.String(), nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=True),
        sa.Column("reviewed_at", TIME, nullable=False),
        sa.Column("rating", sa.Integer(), nullable=False),
        _of_store("reviews"),
        sa.PrimaryKeyConstraint("store_id", "external_id", name=op.f("pk_reviews")),
    )
    op.create_table(
        "retention_costs",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("store_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("amount", sa.Numeric(20, 4), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("entered_at", TIME, server_default=NOW, nullable=False),
        _of_store("retention_costs"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_retention_costs")),
    )
    op.create_index("ix_retention_costs_days", "retention_costs", ["store_id", "first_day"])


def _of_store(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["store_id"], ["stores.id"], name=op.f(f"fk_{table}_store_id"), ondelete="CASCADE"
    )


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)
    for column in ("campaign", "medium", "source", "coupon_codes", "discount"):
        op.drop_column("orders", column)
