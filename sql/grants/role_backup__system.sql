-- How a backup or a restore that was started goes on.
GRANT SELECT ON system.backups TO zakaz_role_backup
