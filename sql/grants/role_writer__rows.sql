-- Rows: read, insert, and swap or drop partitions (ALTER DELETE is the right to that).
GRANT SELECT, INSERT, TRUNCATE, ALTER DELETE ON zakaz.* TO zakaz_role_writer
