-- Restored views keep their definer.
GRANT SET DEFINER ON marts_definer TO role_backup
