-- The newest good backup is younger than 26 hours and its restore was rehearsed within 8 days; nothing is judged before the first backup.
-- asset: meta_backup_runs
-- severity: error
-- blocking: no
-- ru: Резервная копия устарела или её восстановление не проверено
-- ru_action: Запустите задание backup_drill и посмотрите, чем закончились последние копии (`zakaz backup list`).
-- action: run the job backup_drill (`zakaz backup drill`), and look at `zakaz backup list` for what failed; docs/RUNBOOK_BACKUP_RESTORE.md
WITH found AS
(
    SELECT
        countIf(kind IN ('full', 'incremental')) AS backups,
        maxIf(started_at, kind IN ('full', 'incremental') AND status = 'success') AS made,
        maxIf(started_at, kind = 'drill' AND status = 'success') AS drilled,
        minIf(started_at, kind IN ('full', 'incremental')) AS began,
        argMaxIf(error, started_at, kind IN ('full', 'incremental', 'drill')) AS newest_error
    FROM meta_backup_runs FINAL
),
judged AS
(
    SELECT
        backups,
        newest_error,
        dateDiff('hour', made, now('Europe/Moscow')) AS backup_hours,
        dateDiff('hour', greatest(drilled, began), now('Europe/Moscow')) / 24 AS drill_days,
        drilled < began AS never_drilled
    FROM found
)
SELECT
    if(backups = 0 OR (backup_hours <= 26 AND drill_days <= 8 AND newest_error = ''), 'ok', 'error') AS status,
    if(backups = 0, 0., toFloat64(backup_hours)) AS figure,
    26. AS threshold,
    if(backups = 0, 'no backup was made from here yet',
        concat('newest good backup ', toString(backup_hours), ' h old, ',
            if(never_drilled, 'restore never rehearsed, first backup ', 'restore rehearsed '), toString(round(drill_days, 1)), ' days ago',
            if(newest_error = '', '', concat('; the newest attempt failed: ', newest_error)))) AS detail
FROM judged
