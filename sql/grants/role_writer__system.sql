-- What the watch reads of the server itself: room on its disks and how its backups ended.
-- Tables, columns and databases of system show everybody what he may see, so they need no grant.
GRANT SELECT ON system.disks, SELECT ON system.backups TO zakaz_role_writer
