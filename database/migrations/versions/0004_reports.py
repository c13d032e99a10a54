"""Keep reports, what changed in those of past periods, baselines and predictions."""

import sqlalchemy as sa
from alembic import context, op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

TABLES = ("reports", "report_changes", "baselines", "customer_predictions")
SCOPE = "NULLIF(current_setting('bazgasht.store', true), '')::uuid"
TIME = postgresql.TIMESTAMP(timezone=True)
JSON = postgresql.JSONB(astext_type=sa.Text())
NOW = sa.text("clock_timestamp()")


def upgrade() -> None:
    _make_reports()
    _make_predictions()
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


def _make_reports() -> None:
    op.create_table(
        "reports",
        sa.Column("store_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("period_start", TIME, nullable=False),
        sa.Column("period_end", TIME, nullable=False),
        sa.Column("computed_at", TIME, server_default=NOW, nullable=False),
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.Column("report", JSON, nullable=False),
        _of_store("reports"),
        sa.PrimaryKeyConstraint(
            "store_id", "kind", "period_start", "period_end", name=op.f("pk_reports")
        ),
    )
    op.create_table(
        "report_changes",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("store_id", sa.Uuid(), nullable=False),
        sa.Column("period_start", TIME, nullable=False),
        sa.Column("period_end", TIME, nullable=False),
        sa.Column("noted_at", TIME, server_default=NOW, nullable=False),
        sa.Column("changes", JSON, nullable=False),
        _of_store("report_changes"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report_changes")),
    )
    op.create_index(
        "ix_report_changes_period", "report_changes", ["store_id", "period_start", "period_end"]
    )
    op.create_table(
        "baselines",
        sa.Column("store_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("set_at", TIME, server_default=NOW, nullable=False),
        sa.Column("figure", JSON, nullable=False),
        _of_store("baselines"),
        sa.PrimaryKeyConstraint("store_id", "name", name=op.f("pk_baselines")),
    )


def _make_predictions() -> None:
    op.create_table(
        "customer_predictions",
        sa.Column("store_id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("segment", sa.String(), nullable=False),
        sa.Column("churn_probability", sa.Float(), nullable=True),
        sa.Column("main_factor", sa.String(), nullable=True),
        sa.Column("active_probability", sa.Float(), nullable=True),
        sa.Column("expected_purchases", sa.Float(), nullable=True),
        sa.Column("value", sa.Float(), nullable=True),
        sa.Column("low", sa.Float(), nullable=True),
        sa.Column("high", sa.Float(), nullable=True),
        sa.Column("interval_days", sa.Float(), nullable=True),
        sa.Column("low_day", sa.Date(), nullable=True),
        sa.Column("expected_day", sa.Date(), nullable=True),
        sa.Column("high_day", sa.Date(), nullable=True),
        sa.Column("overdue", sa.Boolean(), nullable=True),
        _of_store("customer_predictions"),
        sa.PrimaryKeyConstraint("store_id", "customer_id", name=op.f("pk_customer_predictions")),
    )


def _of_store(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["store_id"], ["stores.id"], name=op.f(f"fk_{table}_store_id"), ondelete="CASCADE"
    )


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)
