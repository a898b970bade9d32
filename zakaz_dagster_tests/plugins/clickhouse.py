"""Fixtures of the clickhouse."""
