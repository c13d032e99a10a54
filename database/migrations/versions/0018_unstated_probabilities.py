"""Let the probability of a predicted category be missing, where too few customers came back."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.alter_column("customer_categories", "probability", existing_type=sa.Double(), nullable=True)


def downgrade() -> None:
    # They are computed again with each store's next results. Row-level security, which is forced on
    # the owner too, would let no row be deleted.
    op.execute("TRUNCATE customer_categories")
    op.alter_column("customer_categories", "probability", existing_type=sa.Double(), nullable=False)
