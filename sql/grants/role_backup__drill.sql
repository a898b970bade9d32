-- The drill restores into a database of its own, compares, and drops it.
GRANT SELECT, INSERT, CREATE DATABASE, CREATE TABLE, CREATE VIEW, DROP DATABASE, DROP TABLE, DROP VIEW
    ON zakaz_drill.* TO zakaz_role_backup
