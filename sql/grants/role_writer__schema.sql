-- Schema: tables and views come and go, columns are only added, comments kept fresh; no other ALTER.
GRANT CREATE TABLE, DROP TABLE, CREATE VIEW, DROP VIEW, ALTER ADD COLUMN, ALTER COMMENT COLUMN, ALTER MODIFY COMMENT
    ON zakaz.* TO zakaz_role_writer
