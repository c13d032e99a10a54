"""Rows: models, migrations and queries. Every query of a store's rows runs inside its scope."""
