-- Views read whatever the database holds.
GRANT SELECT ON zakaz.* TO marts_definer
