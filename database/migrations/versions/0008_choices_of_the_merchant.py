"""Keep which products a merchant pins to or bans from lists, and products' stock numbers."""

import sqlalchemy as sa
from alembic import context, op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

SCOPE = "NULLIF(current_setting('bazgasht.store', true), '')::uuid"


def upgrade() -> None:
    op.add_column(
        "products", sa.Column("skus", sa.ARRAY(sa.String()), server_default="{}", nullable=False)
    )
    op.create_table(
        "product_choices",
        sa.Column("store_id", sa.Uuid(), nullable=False),
        sa.Column("product_id", sa.BigInteger(), nullable=False),
        sa.Column("list_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("number", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.ForeignKeyConstraint(
            ["store_id"],
            ["stores.id"],
            name=op.f("fk_product_choices_store_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "store_id", "product_id", "list_id", name=op.f("pk_product_choices")
        ),
    )
    role = op.get_bind().dialect.identifier_preparer.quote(context.config.attributes["app_role"])
    op.execute("ALTER TABLE product_choices ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE product_choices FORCE ROW LEVEL SECURITY")
    op.execute(
        f"CREATE POLICY one_store ON product_choices TO {role} "
        f"USING (store_id = {SCOPE}) WITH CHECK (store_id = {SCOPE})"
    )
    op.execute("CREATE POLICY overview ON product_choices FOR SELECT TO CURRENT_USER USING (true)")
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON product_choices TO {role}")


def downgrade() -> None:
    op.drop_table("product_choices")
    op.drop_column("products", "skus")
