-- Views read whatever the database holds.
GRANT SELECT ON zakaz.* TO zakaz_marts_definer
