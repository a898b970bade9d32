"""ClickHouse, once: client, statements, schema, day."""
