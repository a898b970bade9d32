-- The last whole day sells within the usual spread of its weekday: the median of eight weeks ± five times its MAD.
-- asset: stg_qtickets_sales_raw
-- severity: warn
-- blocking: no
-- ru: QTickets: продажи необычные для этого дня недели
-- ru_action: Узнайте, не открывали или закрывали ли продажи; если нет, запустите reload_days за этот день и сверьте с кабинетом.
-- action: look whether sales were opened or closed that day; if not, run the job reload_days for it and compare with the cabinet
WITH
days AS
(
    SELECT sale_date, toFloat64(countIf(is_removed = 0)) AS tickets
    FROM stg_qtickets_sales_raw FINAL
    WHERE channel = 'api' AND sale_date < toDate(now('Europe/Moscow'))
        AND sale_date > (SELECT max(sale_date) FROM stg_qtickets_sales_raw WHERE channel = 'api') - 65
    GROUP BY sale_date
),
newest AS
(
    SELECT max(sale_date) AS day FROM days
),
weeks AS
(
    SELECT
        anyIf(tickets, sale_date = (SELECT day FROM newest)) AS sold,
        groupArrayIf(tickets, sale_date < (SELECT day FROM newest)) AS earlier,
        arrayReduce('median', earlier) AS usual,
        arrayReduce('median', arrayMap(one -> abs(one - usual), earlier)) AS spread
    FROM days
    WHERE sale_date > (SELECT day FROM newest) - 57 AND toDayOfWeek(sale_date) = toDayOfWeek((SELECT day FROM newest))
),
judged AS
(
    -- A spread below a tenth of the median would call every ripple an anomaly.
    SELECT sold, usual, length(earlier) AS weekdays, 5 * greatest(spread, usual / 10) AS allowed FROM weeks
)
SELECT
    if(weekdays < 3 OR abs(sold - usual) <= allowed, 'ok', 'warning') AS status,
    toFloat64(sold) AS figure,
    if(weekdays = 0, 0., usual) AS threshold,
    if(weekdays < 3, 'fewer than three such weekdays to compare with',
        concat(toString((SELECT day FROM newest)), ': ', toString(sold), ' tickets, usual ', toString(usual), ' ± ',
            toString(round(allowed)))) AS detail
FROM judged
