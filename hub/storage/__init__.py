"""Storage: one schema on SQLite and PostgreSQL, written in guarded units, read by key.

`tables/` declares it, `statements.py` turns a declaration into each database's SQL, `database.py` is what the rest of
the hub sees, `sqlite.py` and `postgres.py` stand behind it; then one file per port (consents, outbox, ledger...).
"""
