-- The writer may make views that run as zakaz_marts_definer.
GRANT SET DEFINER ON zakaz_marts_definer TO zakaz_role_writer
