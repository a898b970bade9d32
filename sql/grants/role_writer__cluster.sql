-- DDL of a cluster runs ON CLUSTER, which is a right of its own.
-- only_with: cluster
GRANT CLUSTER ON *.* TO zakaz_role_writer
