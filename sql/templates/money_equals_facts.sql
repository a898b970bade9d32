-- Spend, sales and refunds of the view {{asset}} are those of the facts, each rouble once.
WITH sides AS
(
    SELECT sum(spend_rub) AS spend, sum(revenue_rub) AS revenue, sum(refunds_rub) AS refunds
    FROM {{asset}}
    UNION ALL
    SELECT -toFloat64(sum(spend_rub)) AS spend, 0. AS revenue, 0. AS refunds
    FROM fact_marketing_daily
    UNION ALL
    SELECT 0. AS spend, -toFloat64(sum(revenue_rub)) AS revenue, -toFloat64(sum(refunds_rub)) AS refunds
    FROM v_sales_attributed
),
gaps AS
(
    SELECT round(sum(s.spend), 2) AS spend_gap, round(sum(s.revenue), 2) AS revenue_gap, round(sum(s.refunds), 2) AS refunds_gap
    FROM sides AS s
)
SELECT
    if(spend_gap = 0 AND revenue_gap = 0 AND refunds_gap = 0, 'ok', 'error') AS status,
    abs(spend_gap) + abs(revenue_gap) + abs(refunds_gap) AS figure,
    0. AS threshold,
    concat('view minus facts: spend ', toString(spend_gap), ', revenue ', toString(revenue_gap), ', refunds ', toString(refunds_gap), ' RUB') AS detail
FROM gaps
