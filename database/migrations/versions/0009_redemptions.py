"""Keep which points customers gave for a reward in the store, and what became of it."""

import sqlalchemy as sa
from alembic import context, op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

SCOPE = "NULLIF(current_setting('bazgasht.store', true), '')::uuid"
TIME = postgresql.TIMESTAMP(timezone=True)
MONEY = sa.Numeric(20, 4)


def upgrade() -> None:
    op.create_table(
        "redemptions",
        sa.Column("store_id", sa.Uuid(), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("number", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("account_id", sa.String(), nullable=True),
        sa.Column("email", sa.String(), nullable=True),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.Column("worth", MONEY, nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("minimum", MONEY, nullable=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), server_default="", nullable=False),
        sa.Column("made_at", TIME, nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
        sa.Column("tried_at", TIME, nullable=True),
        sa.Column("reward_id", sa.String(), nullable=True),
        sa.Column("order_id", sa.String(), nullable=True),
        sa.Column("orders", sa.ARRAY(sa.String()), server_default="{}", nullable=False),
        sa.Column("returned", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("entries", sa.BigInteger(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(
            ["store_id"], ["stores.id"], name=op.f("fk_redemptions_store_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers.id"], name=op.f("fk_redemptions_customer_id")
        ),
        sa.PrimaryKeyConstraint("store_id", "reference", name=op.f("pk_redemptions")),
        sa.UniqueConstraint("store_id", "key", name=op.f("uq_redemptions_store_id_key")),
        sa.UniqueConstraint("store_id", "code", name=op.f("uq_redemptions_store_id_code")),
    )
    for name, column in (
        ("customer", "customer_id"),
        ("account", "account_id"),
        ("order", "order_id"),
    ):
        op.create_index(f"ix_redemptions_{name}", "redemptions", ["store_id", column])
    op.create_index(
        "ix_redemptions_open",
        "redemptions",
        ["store_id", "expires_at"],
        postgresql_where=sa.text("state IN ('reserved', 'issued')"),
    )
    role = op.get_bind().dialect.identifier_preparer.quote(context.config.attributes["app_role"])
    op.execute("ALTER TABLE redemptions ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE redemptions FORCE ROW LEVEL SECURITY")
    op.execute(
        f"CREATE POLICY one_store ON redemptions TO {role} "
        f"USING (store_id = {SCOPE}) WITH CHECK (store_id = {SCOPE})"
    )
    op.execute("CREATE POLICY overview ON redemptions FOR SELECT TO CURRENT_USER USING (true)")
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON redemptions TO {role}")


def downgrade() -> None:
    op.drop_table("redemptions")
