-- On a cluster: how many shards it has, and waiting until this replica has what the others took over.
-- only_with: cluster
GRANT SELECT ON system.clusters, SELECT ON system.macros, SYSTEM SYNC REPLICA ON zakaz.* TO role_writer
