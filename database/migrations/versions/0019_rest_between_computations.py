"""Let a store rest, after a computation, for as long as that took.

So changes that come without a pause take at most half of a worker's time, however short the pause
is after which a change is computed.
"""

from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

FUNCTION = "stores_to_compute(default_quiet double precision) RETURNS TABLE (store_id uuid)"
DUE = """
    SELECT id FROM stores,
      LATERAL (SELECT make_interval(secs => COALESCE(
        (settings ->> 'recompute_after_seconds')::double precision, default_quiet))) q(quiet)
    WHERE state = 'active' AND dirty_since IS NOT NULL
      AND (changed_at + quiet <= clock_timestamp()
           OR dirty_since + 10 * quiet <= clock_timestamp())
      AND NOT EXISTS (SELECT 1 FROM progress p WHERE p.store_id = stores.id
                      AND p.task LIKE 'backfill:%' AND p.state = 'running')
"""
RESTED = """
      AND NOT EXISTS (SELECT 1 FROM computations c WHERE c.store_id = stores.id
                      AND c.computed_at + make_interval(secs => c.seconds) > clock_timestamp())
"""


def upgrade() -> None:
    _replace(DUE + RESTED)


def downgrade() -> None:
    _replace(DUE)


def _replace(query: str) -> None:
    op.execute(
        f"CREATE OR REPLACE FUNCTION {FUNCTION} LANGUAGE sql STABLE SECURITY DEFINER "
        f"SET search_path = public, pg_temp AS $${query}$$"
    )
