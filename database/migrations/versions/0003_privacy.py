"""Keep requests about personal data with their proof, and hashes of the identities erased."""

import sqlalchemy as sa
from alembic import context, op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TABLES = ("privacy_keys", "erased_identities", "privacy_requests")
SCOPE = "NULLIF(current_setting('bazgasht.store', true), '')::uuid"
FUNCTION = "stores_to_redact() RETURNS TABLE (store_id uuid)"
QUERY = """
    SELECT DISTINCT r.store_id FROM privacy_requests r
    WHERE r.done_at IS NULL AND r.kind <> 'export'
"""


def upgrade() -> None:
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
    op.execute(
        f"CREATE FUNCTION {FUNCTION} LANGUAGE sql STABLE SECURITY DEFINER "
        f"SET search_path = public AS $${QUERY}$$"
    )
    op.execute("REVOKE ALL ON FUNCTION stores_to_redact FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON FUNCTION stores_to_redact TO {role}")


def _make_tables() -> None:
    op.create_table(
        "privacy_keys",
        sa.Column("store_id", sa.Uuid(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["store_id"], ["stores.id"], name=op.f("fk_privacy_keys_store_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("store_id", name=op.f("pk_privacy_keys")),
    )
    op.create_table(
        "erased_identities",
        sa.Column("store_id", sa.Uuid(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("pseudonym", sa.String(), nullable=False),
        sa.Column("erased_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["store_id"],
            ["stores.id"],
            name=op.f("fk_erased_identities_store_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("store_id", "hash", name=op.f("pk_erased_identities")),
    )
    op.create_table(
        "privacy_requests",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("store_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("subject_hash", sa.LargeBinary(), nullable=False),
        sa.Column("subject", sa.LargeBinary(), nullable=True),
        sa.Column(
            "requested_at",
            postgresql.TIMESTAMP(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.Column("done_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column(
            "counts",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default="{}",
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_privacy_requests")),
        sa.UniqueConstraint("store_id", "key", name=op.f("uq_privacy_requests_store_id_key")),
    )
    op.create_index(
        "ix_privacy_requests_open",
        "privacy_requests",
        ["store_id"],
        unique=False,
        postgresql_where=sa.text("done_at IS NULL"),
    )


def downgrade() -> None:
    op.execute("DROP FUNCTION stores_to_redact")
    for table in reversed(TABLES):
        op.drop_table(table)
