-- Tools look there for tables and columns; it shows a user nothing that he may not select from.
GRANT SELECT ON information_schema.*, SELECT ON INFORMATION_SCHEMA.* TO zakaz_role_reader
