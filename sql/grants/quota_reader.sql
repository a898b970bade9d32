-- How much readers may ask for in an hour, so that a forgotten auto-refresh cannot starve the loads.
CREATE QUOTA IF NOT EXISTS zakaz_quota_reader FOR INTERVAL 1 hour MAX queries = 20000, execution_time = 7200 TO zakaz_role_reader
