-- People who manage users and rights; no service runs with it.
CREATE ROLE IF NOT EXISTS role_admin
