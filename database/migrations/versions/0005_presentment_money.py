"""Keep of an order the currency that the shopper saw, and the total in it."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "orders",
        sa.Column("presentment_currency", sa.String(), server_default="", nullable=False),
    )
    op.add_column("orders", sa.Column("presentment_total", sa.Numeric(20, 4), nullable=True))


def downgrade() -> None:
    op.drop_column("orders", "presentment_total")
    op.drop_column("orders", "presentment_currency")
