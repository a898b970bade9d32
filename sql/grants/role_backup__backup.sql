-- Backups read everything of the database, and nothing else.
GRANT BACKUP, SELECT ON zakaz.* TO role_backup
