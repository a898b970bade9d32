-- Each loaded day holds as many tickets as were accepted, and their prices add up to what QTickets sent.
-- asset: stg_qtickets_sales_raw
-- severity: error
-- blocking: no
-- ru: QTickets: в дне не столько билетов, сколько было принято
-- ru_action: Запустите reload_days за дни, названные в подробностях.
-- action: run the job reload_days for the days the detail names
-- A load is refused before its days are swapped in when its own totals disagree; this one sees what happened since.
WITH
said AS
(
    SELECT day, toInt64(accepted) AS tickets, toDecimal64OrZero(JSONExtractString(totals, 'price_rub'), 2) AS price
    FROM meta_day_loads FINAL
    WHERE source = 'qtickets' AND JSONHas(totals, 'price_rub')
),
sides AS
(
    SELECT day, tickets, price FROM said
    UNION ALL
    SELECT sale_date AS day, -1 AS tickets, -price_rub AS price
    FROM stg_qtickets_sales_raw FINAL
    WHERE channel = 'api' AND sale_date IN (SELECT day FROM said)
),
days AS
(
    SELECT day, sum(tickets) AS missing, sum(price) AS gap
    FROM sides
    GROUP BY day
    HAVING missing != 0 OR gap != 0
)
SELECT
    if(count() = 0, 'ok', 'error') AS status,
    toFloat64(count()) AS figure,
    0. AS threshold,
    if(count() = 0, 'every loaded day holds what was accepted',
        concat(toString(count()), ' days differ, by ', toString(sum(gap)), ' RUB and ', toString(sum(missing)), ' tickets, from ',
            toString(min(day)), ' to ', toString(max(day)))) AS detail
FROM days
