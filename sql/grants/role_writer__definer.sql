-- The writer may make views that run as marts_definer.
GRANT SET DEFINER ON marts_definer TO role_writer
