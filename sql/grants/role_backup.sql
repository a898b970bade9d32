-- The nightly backup and the restore drill.
-- granted_to: zakaz_backup
CREATE ROLE IF NOT EXISTS zakaz_role_backup
