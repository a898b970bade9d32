-- The writer creates its database when it is absent.
GRANT CREATE DATABASE ON zakaz.* TO zakaz_role_writer
