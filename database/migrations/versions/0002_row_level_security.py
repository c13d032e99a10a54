"""Separate the stores by row-level security, and grant the app's role what it needs."""

from alembic import context, op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

STORE_TABLES = (
    "inbox_events",
    "customers",
    "categories",
    "products",
    "orders",
    "order_lines",
    "refunds",
    "point_entries",
    "write_backs",
    "progress",
    "product_affinities",
    "recommendations",
    "category_flows",
    "customer_categories",
    "computations",
)
SCOPE = "NULLIF(current_setting('bazgasht.store', true), '')::uuid"

# The few questions that concern all stores are functions of the owner, which answer with
# identifiers and counts only: never a row of a store's data.
FUNCTIONS = {
    "find_store(wanted_platform text, wanted_url text) RETURNS TABLE (store_id uuid)": """
        SELECT id FROM stores WHERE platform = wanted_platform AND url = wanted_url
    """,
    "list_stores() RETURNS TABLE (store_id uuid, platform text, url text, state text)": """
        SELECT id, platform, url, state FROM stores ORDER BY installed_at, id
    """,
    "stores_to_drain(older_than interval) RETURNS TABLE (store_id uuid)": """
        SELECT DISTINCT e.store_id FROM inbox_events e JOIN stores s ON s.id = e.store_id
        WHERE e.state = 'waiting' AND s.state = 'active'
          AND e.next_attempt_at <= clock_timestamp() - older_than
          AND (e.leased_until IS NULL OR e.leased_until < clock_timestamp())
    """,
    "stores_to_write() RETURNS TABLE (store_id uuid)": """
        SELECT DISTINCT w.store_id FROM write_backs w JOIN stores s ON s.id = w.store_id
        WHERE w.state = 'waiting' AND s.state = 'active'
          AND w.next_attempt_at <= clock_timestamp()
    """,
    "stores_to_compute(default_quiet double precision) RETURNS TABLE (store_id uuid)": """
        SELECT id FROM stores,
          LATERAL (SELECT make_interval(secs => COALESCE(
            (settings ->> 'recompute_after_seconds')::double precision, default_quiet))) q(quiet)
        WHERE state = 'active' AND dirty_since IS NOT NULL
          AND (changed_at + quiet <= clock_timestamp()
               OR dirty_since + 10 * quiet <= clock_timestamp())
          AND NOT EXISTS (SELECT 1 FROM progress p WHERE p.store_id = stores.id
                          AND p.task LIKE 'backfill:%' AND p.state = 'running')
    """,
    """inbox_health() RETURNS TABLE (store_id uuid, waiting bigint, oldest_seconds
        double precision, dead bigint, last_delivery timestamptz)""": """
        SELECT s.id,
          (SELECT count(*) FROM inbox_events e WHERE e.store_id = s.id AND e.state = 'waiting'),
          (SELECT extract(epoch FROM clock_timestamp() - min(e.received_at))::double precision
             FROM inbox_events e WHERE e.store_id = s.id AND e.state = 'waiting'),
          (SELECT count(*) FROM inbox_events e WHERE e.store_id = s.id AND e.state = 'dead'),
          (SELECT max(e.received_at) FROM inbox_events e WHERE e.store_id = s.id)
        FROM stores s WHERE s.state <> 'uninstalled'
    """,
}


def upgrade() -> None:
    role = op.get_bind().dialect.identifier_preparer.quote(context.config.attributes["app_role"])
    op.execute("REVOKE ALL ON SCHEMA public FROM PUBLIC")
    op.execute(f"GRANT USAGE ON SCHEMA public TO {role}")
    for table, column in [("stores", "id"), *((name, "store_id") for name in STORE_TABLES)]:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(
            f"CREATE POLICY one_store ON {table} TO {role} "
            f"USING ({column} = {SCOPE}) WITH CHECK ({column} = {SCOPE})"
        )
        op.execute(f"CREATE POLICY overview ON {table} FOR SELECT TO CURRENT_USER USING (true)")
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO {role}")
    op.execute(f"REVOKE UPDATE, DELETE ON point_entries FROM {role}")
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON installs, schedule_ticks TO {role}")
    for signature, query in FUNCTIONS.items():
        op.execute(
            f"CREATE FUNCTION {signature} LANGUAGE sql STABLE SECURITY DEFINER "
            f"SET search_path = public AS $${query}$$"
        )
        name = signature.split("(")[0]
        op.execute(f"REVOKE ALL ON FUNCTION {name} FROM PUBLIC")
        op.execute(f"GRANT EXECUTE ON FUNCTION {name} TO {role}")


def downgrade() -> None:
    for signature in FUNCTIONS:
        op.execute(f"DROP FUNCTION {signature.split('(')[0]}")
    for table in ("stores", *STORE_TABLES):
        op.execute(f"DROP POLICY one_store ON {table}")
        op.execute(f"DROP POLICY overview ON {table}")
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")
