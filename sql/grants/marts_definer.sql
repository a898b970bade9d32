-- Nobody logs in as this user: views run with its rights, which are to read.
-- used_when: CLICKHOUSE_VIEWS_DEFINER=zakaz_marts_definer; otherwise views run as their writer
CREATE USER IF NOT EXISTS zakaz_marts_definer IDENTIFIED WITH no_password HOST NONE
