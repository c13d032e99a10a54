"""Keep whose e-mail is proved, which accounts were merged, and what a backfill gave or undid."""

import sqlalchemy as sa
from alembic import context, op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

SCOPE = "NULLIF(current_setting('bazgasht.store', true), '')::uuid"


def upgrade() -> None:
    op.add_column("customers", sa.Column("proved_email", sa.String(), nullable=True))
    op.add_column("customers", sa.Column("merged_into", sa.String(), nullable=True))
    op.add_column("stores", sa.Column("points_since", sa.DateTime(timezone=True), nullable=True))
    op.add_column(
        "stores",
        sa.Column("undone_backfills", sa.ARRAY(sa.String()), server_default="{}", nullable=False),
    )
    op.create_table(
        "claim_links",
        sa.Column("store_id", sa.Uuid(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["store_id"], ["stores.id"], name=op.f("fk_claim_links_store_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("store_id", "token_hash", name=op.f("pk_claim_links")),
    )
    role = op.get_bind().dialect.identifier_preparer.quote(context.config.attributes["app_role"])
    op.execute("ALTER TABLE claim_links ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE claim_links FORCE ROW LEVEL SECURITY")
    op.execute(
        f"CREATE POLICY one_store ON claim_links TO {role} "
        f"USING (store_id = {SCOPE}) WITH CHECK (store_id = {SCOPE})"
    )
    op.execute("CREATE POLICY overview ON claim_links FOR SELECT TO CURRENT_USER USING (true)")
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON claim_links TO {role}")


def downgrade() -> None:
    op.drop_table("claim_links")
    op.drop_column("stores", "undone_backfills")
    op.drop_column("stores", "points_since")
    op.drop_column("customers", "merged_into")
    op.drop_column("customers", "proved_email")
