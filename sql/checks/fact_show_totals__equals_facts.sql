-- Sales and spend of shows over their whole life are those of the facts they are made of.
-- asset: fact_show_totals
-- severity: error
-- blocking: no
-- ru: Продажи и расход по показам отстали от общих
-- ru_action: Запустите marts_refresh за сегодня: таблица строится заново целиком.
-- action: run the job marts_refresh for today; each build makes the table anew
WITH sides AS
(
    SELECT sum(spend_rub) AS spend, sum(revenue_rub) AS revenue, sum(refunds_rub) AS refunds, sum(tickets_sold) AS tickets
    FROM fact_show_totals
    UNION ALL
    SELECT -sum(spend_rub) AS spend, toDecimal128(0, 2) AS revenue, toDecimal128(0, 2) AS refunds, toInt64(0) AS tickets
    FROM fact_marketing_daily
    UNION ALL
    SELECT toDecimal128(0, 2) AS spend, -sum(revenue_rub) AS revenue, -sum(refunds_rub) AS refunds, -sum(tickets_sold) AS tickets
    FROM v_sales_attributed
),
gaps AS
(
    SELECT sum(s.spend) AS spend_gap, sum(s.revenue) AS revenue_gap, sum(s.refunds) AS refunds_gap, sum(s.tickets) AS tickets_gap
    FROM sides AS s
)
SELECT
    if(spend_gap = 0 AND revenue_gap = 0 AND refunds_gap = 0 AND tickets_gap = 0, 'ok', 'error') AS status,
    toFloat64(abs(spend_gap) + abs(revenue_gap) + abs(refunds_gap)) AS figure,
    0. AS threshold,
    concat('shows minus facts: spend ', toString(spend_gap), ', revenue ', toString(revenue_gap), ', refunds ',
        toString(refunds_gap), ' RUB, tickets ', toString(tickets_gap)) AS detail
FROM gaps
