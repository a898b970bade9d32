-- At most 0.5 % of any day's QTickets records were put aside: orders, the catalogue and seats, each day by itself.
-- asset: stg_qtickets_sales_raw
-- severity: error
-- blocking: no
-- ru: QTickets: слишком много отложенных записей
-- ru_action: Прочитайте причины в stg_rejects за названный день и загрузите этот день заново.
-- action: read the reasons in stg_rejects for the day and source the detail names, then load that day again
-- Days of the last month, and older ones that were loaded in the last day.
WITH days AS
(
    SELECT source, day, received, rejected, rejected / greatest(received, 1) AS share
    FROM meta_day_loads FINAL
    WHERE source IN ('qtickets', 'qtickets_catalogue', 'qtickets_inventory')
        AND (day > toDate(now('Europe/Moscow')) - 31 OR _loaded_at > now() - INTERVAL 1 DAY)
        AND share > 0.005
)
SELECT
    if(count() = 0, 'ok', 'error') AS status,
    toFloat64(count()) AS figure,
    0. AS threshold,
    if(count() = 0, 'no day had more than 0.5 % put aside',
        concat(toString(count()), ' days had more, the worst is ', toString(argMax(day, share)), ' of ', toString(argMax(source, share)), ': ',
            toString(argMax(rejected, share)), ' of ', toString(argMax(received, share)))) AS detail
FROM days
