-- The drill reads every view of the restored database.
GRANT SELECT ON zakaz_drill.* TO zakaz_marts_definer
