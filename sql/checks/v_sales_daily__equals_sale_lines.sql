-- Two ways from sale lines to sales agree, day by day: the one that v_sales_daily and v_sales_latest show, and the lines' own.
-- asset: v_sales_daily
-- severity: error
-- blocking: no
-- ru: Продажи: два пути расчёта расходятся
-- ru_action: Запустите reload_days за названные дни; не верьте странице, пока не станет зелёной.
-- action: run the job reload_days for the days the detail names
WITH sides AS
(
    SELECT date, 1 AS weight, net_revenue_rub AS net, tickets_sold AS tickets FROM v_sales_daily
    UNION ALL
    SELECT date, 1 AS weight, net_revenue_rub AS net, tickets_sold AS tickets FROM v_sales_latest
    UNION ALL
    SELECT date, -2 AS weight, toFloat64(revenue_rub - refunds_rub) AS net, tickets_sold AS tickets FROM v_sales_counted
),
days AS
(
    SELECT s.date AS date, round(sum(s.weight * s.net), 2) AS gap
    FROM sides AS s
    GROUP BY s.date
    HAVING gap != 0 OR sum(s.weight * s.tickets) != 0
)
SELECT
    if(count() = 0, 'ok', 'error') AS status,
    toFloat64(count()) AS figure,
    0. AS threshold,
    if(count() = 0, 'they agree on every day',
        concat(toString(count()), ' days differ, by ', toString(round(sum(gap), 2)), ' RUB, from ', toString(min(date)), ' to ',
            toString(max(date)))) AS detail
FROM days
