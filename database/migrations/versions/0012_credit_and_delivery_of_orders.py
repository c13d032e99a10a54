"""Keep what points, store credit or gift cards paid of an order, and when it was delivered."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "orders",
        sa.Column("paid_by_credit", sa.Numeric(20, 4), server_default="0", nullable=False),
    )
    op.add_column(
        "orders",
        sa.Column("delivered_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
    )


def downgrade() -> None:
    op.drop_column("orders", "delivered_at")
    op.drop_column("orders", "paid_by_credit")
