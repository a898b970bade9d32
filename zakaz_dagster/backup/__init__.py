"""Backup and restore: ClickHouse by its own BACKUP and RESTORE, and the files beside it."""
