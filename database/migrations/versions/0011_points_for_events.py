"""Keep who had which account, birthdays, referrals, and what tells equal addresses."""

import sqlalchemy as sa
from alembic import context, op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

SCOPE = "NULLIF(current_setting('bazgasht.store', true), '')::uuid"
TIME = postgresql.TIMESTAMP(timezone=True)
NOW = sa.func.clock_timestamp()
TABLES = ("account_holders", "birthdays", "referral_codes", "referrals", "order_addresses")


def upgrade() -> None:
    op.add_column("customers", sa.Column("created_at", TIME, nullable=True))
    _create_people()
    _create_referrals()
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


def _create_people() -> None:
    op.create_table(
        "account_holders",
        sa.Column("store_id", sa.Uuid(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("person", sa.BigInteger(), nullable=False),
        _of_a_store("account_holders"),
        sa.PrimaryKeyConstraint("store_id", "hash", "customer_id", name=op.f("pk_account_holders")),
    )
    op.create_index("ix_account_holders_customer", "account_holders", ["store_id", "customer_id"])
    op.create_index("ix_account_holders_person", "account_holders", ["store_id", "person"])
    op.create_table(
        "birthdays",
        sa.Column("store_id", sa.Uuid(), nullable=False),
        sa.Column("person", sa.BigInteger(), nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("calendar", sa.String(), nullable=False),
        sa.Column("month", sa.Integer(), nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("given_at", TIME, nullable=False),
        sa.Column("celebrated_on", sa.Date(), nullable=True),
        _of_a_store("birthdays"),
        sa.PrimaryKeyConstraint("store_id", "person", name=op.f("pk_birthdays")),
    )
    op.create_index("ix_birthdays_customer", "birthdays", ["store_id", "customer_id"])


def _create_referrals() -> None:
    op.create_table(
        "referral_codes",
        sa.Column("store_id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("made_at", TIME, server_default=NOW, nullable=False),
        _of_a_store("referral_codes"),
        sa.PrimaryKeyConstraint("store_id", "code", name=op.f("pk_referral_codes")),
    )
    op.create_index("ix_referral_codes_customer", "referral_codes", ["store_id", "customer_id"])
    op.create_table(
        "referrals",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("store_id", sa.Uuid(), nullable=False),
        sa.Column("friend_id", sa.BigInteger(), nullable=False),
        sa.Column("referrer_id", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("by_hand", sa.Boolean(), nullable=False),
        sa.Column("order_id", sa.String(), nullable=True),
        sa.Column("placed_at", TIME, nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reasons", sa.ARRAY(sa.String()), server_default="{}", nullable=False),
        sa.Column("decision", sa.String(), nullable=True),
        sa.Column("decided_by", sa.String(), nullable=True),
        sa.Column("decided_why", sa.String(), nullable=True),
        sa.Column("decided_at", TIME, nullable=True),
        sa.Column("noted_at", TIME, server_default=NOW, nullable=False),
        _of_a_store("referrals"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_referrals")),
        sa.UniqueConstraint("store_id", "friend_id", name=op.f("uq_referrals_store_id_friend_id")),
    )
    op.create_index("ix_referrals_referrer", "referrals", ["store_id", "referrer_id"])
    op.create_index("ix_referrals_order", "referrals", ["store_id", "order_id"])
    op.create_table(
        "order_addresses",
        sa.Column("store_id", sa.Uuid(), nullable=False),
        sa.Column("order_id", sa.String(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        _of_a_store("order_addresses"),
        sa.PrimaryKeyConstraint("store_id", "order_id", name=op.f("pk_order_addresses")),
    )
    op.create_index("ix_order_addresses_hash", "order_addresses", ["store_id", "hash"])


def _of_a_store(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["store_id"], ["stores.id"], name=op.f(f"fk_{table}_store_id"), ondelete="CASCADE"
    )


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)
    op.drop_column("customers", "created_at")
