-- Restored views keep their definer.
GRANT SET DEFINER ON zakaz_marts_definer TO zakaz_role_backup
