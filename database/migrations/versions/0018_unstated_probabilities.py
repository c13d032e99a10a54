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
    # They are computed again with the store's next results.
    op.execute("DELETE FROM customer_categories WHERE probability IS NULL")
    op.alter_column("customer_categories", "probability", existing_type=sa.Double(), nullable=False)
