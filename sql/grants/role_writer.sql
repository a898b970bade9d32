-- What the platform itself may do: make and fill the tables and views of its database.
-- granted_to: zakaz_etl
CREATE ROLE IF NOT EXISTS zakaz_role_writer
