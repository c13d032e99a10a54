"""Keep of an order what it came to before credit was taken off."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("orders", sa.Column("total_before_credit", sa.Numeric(20, 4), nullable=True))


def downgrade() -> None:
    op.drop_column("orders", "total_before_credit")
