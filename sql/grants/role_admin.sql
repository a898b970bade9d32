-- People who manage users and rights; no service runs with it.
CREATE ROLE IF NOT EXISTS zakaz_role_admin
