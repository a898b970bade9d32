-- Attributed and unattributed sales together are all sales.
-- asset: v_attribution_quality
-- severity: error
-- blocking: no
-- ru: Качество атрибуции: сумма не равна продажам
-- ru_action: Не верьте странице, пока не станет зелёной; сравните sql/views/v_attribution_quality.sql с docs/metrics.md.
-- action: compare sql/views/v_attribution_quality.sql with docs/metrics.md; do not trust the page until it is green
WITH sides AS
(
    SELECT sum(revenue_rub) AS revenue, sum(refunds_rub) AS refunds, sum(net_revenue_rub) AS net
    FROM v_attribution_quality
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
