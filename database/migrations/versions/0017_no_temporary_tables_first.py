"""Let functions that see all stores look for tables among temporary ones last.

PostgreSQL looks there first unless told otherwise, and the app's role may make temporary views.
"""

from alembic import op
from sqlalchemy import text

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

OVERVIEWS = text(
    "SELECT oid::regprocedure::text FROM pg_proc WHERE prosecdef "
    "AND pronamespace = 'public'::regnamespace AND pg_get_userbyid(proowner) = current_user"
)


def upgrade() -> None:
    _search("public, pg_temp")


def downgrade() -> None:
    _search("public")


def _search(path: str) -> None:
    for name in op.get_bind().scalars(OVERVIEWS).all():
        op.execute(f"ALTER FUNCTION {name} SET search_path = {path}")
