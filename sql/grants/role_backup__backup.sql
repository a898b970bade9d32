-- Backups read everything of the database, and nothing else.
GRANT BACKUP, SELECT ON zakaz.* TO zakaz_role_backup
