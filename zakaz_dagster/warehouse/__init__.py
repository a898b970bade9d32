"""ClickHouse, once: the connection, the SQL files, the schema and the ways rows get into a table.

Belongs here: whatever speaks to ClickHouse or reads `sql/`. Does not: a vendor, Dagster, or SQL longer than a line
(that is a file in `sql/`).
"""
