-- Backups lie on a disk that the server's configuration allows for them. Servers that know no such right ask for none.
-- only_where_known: DISK
GRANT DISK ON *.* TO zakaz_role_backup
