-- Sales and refunds of the view {{asset}} are those of the facts, each rouble once.
WITH sides AS
(
    SELECT sum(revenue_rub) AS revenue, sum(refunds_rub) AS refunds, sum(net_revenue_rub) AS net
    FROM {{asset}}
    UNION ALL
    SELECT
        -toFloat64(sum(revenue_rub)) AS revenue, -toFloat64(sum(refunds_rub)) AS refunds,
        -toFloat64(sum(revenue_rub) - sum(refunds_rub)) AS net
    FROM v_sales_attributed
),
gaps AS
(
    SELECT round(sum(s.revenue), 2) AS revenue_gap, round(sum(s.refunds), 2) AS refunds_gap, round(sum(s.net), 2) AS net_gap
    FROM sides AS s
)
SELECT
    if(revenue_gap = 0 AND refunds_gap = 0 AND net_gap = 0, 'ok', 'error') AS status,
    abs(revenue_gap) + abs(refunds_gap) + abs(net_gap) AS figure,
    0. AS threshold,
    concat('view minus facts: revenue ', toString(revenue_gap), ', refunds ', toString(refunds_gap), ', net ', toString(net_gap), ' RUB') AS detail
FROM gaps
