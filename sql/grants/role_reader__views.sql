-- Readers select from views only; staging, facts and system tables stay unseen.
-- Views run with the rights of their definer, so no grant on a table is needed.
GRANT SELECT ON zakaz.v_* TO zakaz_role_reader
