-- Two ways from sale lines to sales agree, day by day: the one that v_sales_daily and v_sales_latest show, and the lines' own.
-- asset: v_sales_daily
-- severity: error
-- blocking: no
-- ru: Продажи: два пути расчёта расходятся
-- ru_action: Запустите reload_days за названные дни; не верьте странице, пока не станет зелёной.
-- action: run the job reload_days for the days the detail names
WITH sides AS
(
    SELECT date, net_revenue_rub AS daily, 0. AS latest, tickets_sold AS of_daily, toInt64(0) AS of_latest FROM v_sales_daily
    UNION ALL
    SELECT date, 0. AS daily, net_revenue_rub AS latest, toInt64(0) AS of_daily, tickets_sold AS of_latest FROM v_sales_latest
    UNION ALL
    SELECT
        date, -toFloat64(revenue_rub - refunds_rub) AS daily, daily AS latest, -tickets_sold AS of_daily, of_daily AS of_latest
    FROM v_sales_counted
),
days AS
(
    SELECT
        s.date AS date,
        round(sum(s.daily), 2) AS daily_gap,
        round(sum(s.latest), 2) AS latest_gap,
        if(daily_gap != 0, daily_gap, latest_gap) AS gap
    FROM sides AS s
    GROUP BY s.date
    HAVING daily_gap != 0 OR latest_gap != 0 OR sum(s.of_daily) != 0 OR sum(s.of_latest) != 0
)
SELECT
    if(count() = 0, 'ok', 'error') AS status,
    toFloat64(count()) AS figure,
    0. AS threshold,
    if(count() = 0, 'they agree on every day',
        concat(toString(count()), ' days differ, by ', toString(round(sum(gap), 2)), ' RUB, from ', toString(min(date)), ' to ',
            toString(max(date)))) AS detail
FROM days
