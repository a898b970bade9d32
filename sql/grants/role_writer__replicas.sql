-- On a cluster: how many shards it has, and waiting until this replica has what the others took over.
-- only_with: cluster
GRANT SYSTEM SYNC REPLICA ON zakaz.*, SELECT ON system.clusters, SELECT ON system.macros TO zakaz_role_writer
