-- Sales and spend by show are those of the facts they are made of, day by day.
-- asset: fact_show_daily
-- severity: error
-- blocking: no
-- ru: Продажи и расход по показам отстали от общих
-- ru_action: Запустите reload_days за дни, названные в подробностях.
-- action: run the job reload_days for the days the detail names
WITH sides AS
(
    SELECT day, spend_rub, revenue_rub, refunds_rub, toInt64(tickets_sold) AS tickets FROM fact_show_daily
    UNION ALL
    SELECT date AS day, -spend_rub AS spend_rub, toDecimal64(0, 2) AS revenue_rub, toDecimal64(0, 2) AS refunds_rub, 0 AS tickets
    FROM fact_marketing_daily
    UNION ALL
    SELECT
        sale_date AS day, toDecimal64(0, 2) AS spend_rub, -revenue_rub AS revenue_rub, -refunds_rub AS refunds_rub,
        -toInt64(tickets_sold) AS tickets
    FROM fact_sales_attributed_daily
),
days AS
(
    SELECT s.day AS day, sum(s.spend_rub) AS spend_gap, sum(s.revenue_rub) AS revenue_gap
    FROM sides AS s
    GROUP BY s.day
    HAVING spend_gap != 0 OR revenue_gap != 0 OR sum(s.refunds_rub) != 0 OR sum(s.tickets) != 0
)
SELECT
    if(count() = 0, 'ok', 'error') AS status,
    toFloat64(count()) AS figure,
    0. AS threshold,
    if(count() = 0, 'shows hold all sales and spend',
        concat(toString(count()), ' days differ, by ', toString(sum(spend_gap)), ' RUB of spend and ', toString(sum(revenue_gap)),
            ' RUB of sales, from ', toString(min(day)), ' to ', toString(max(day)))) AS detail
FROM days
