"""Keep the products that each customer is expected to buy next, with their reasons."""

import sqlalchemy as sa
from alembic import context, op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

SCOPE = "NULLIF(current_setting('bazgasht.store', true), '')::uuid"
TABLE = "personal_recommendations"


def upgrade() -> None:
    op.create_table(
        TABLE,
        sa.Column("store_id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("product_id", sa.BigInteger(), nullable=False),
        sa.Column("score", sa.Float(), nullable=False),
        sa.Column("reason_kind", sa.String(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("base", sa.Integer(), nullable=False),
        sa.Column("base_rate", sa.Float(), nullable=False),
        sa.Column(
            "made_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["store_id"], ["stores.id"], name=op.f(f"fk_{TABLE}_store_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint(
            "store_id", "customer_id", "kind", "rank", name=op.f(f"pk_{TABLE}")
        ),
    )
    role = op.get_bind().dialect.identifier_preparer.quote(context.config.attributes["app_role"])
    op.execute(f"ALTER TABLE {TABLE} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {TABLE} FORCE ROW LEVEL SECURITY")
    op.execute(
        f"CREATE POLICY one_store ON {TABLE} TO {role} "
        f"USING (store_id = {SCOPE}) WITH CHECK (store_id = {SCOPE})"
    )
    op.execute(f"CREATE POLICY overview ON {TABLE} FOR SELECT TO CURRENT_USER USING (true)")
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {TABLE} TO {role}")
    op.add_column("computations", sa.Column("personal_at", sa.DateTime(timezone=True)))
    op.add_column("computations", sa.Column("personal_days", sa.Integer()))


def downgrade() -> None:
    op.drop_column("computations", "personal_days")
    op.drop_column("computations", "personal_at")
    op.drop_table(TABLE)
