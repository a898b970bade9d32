-- Every rouble of the advertising fact is in one month of one account, and no other rouble is.
-- asset: v_budget_pacing
-- severity: error
-- blocking: no
-- ru: Бюджеты: расход потерян или посчитан дважды
-- ru_action: Не верьте темпу и прогнозу бюджета; сравните sql/views/v_budget_pacing.sql с docs/metrics.md.
-- action: compare sql/views/v_budget_pacing.sql with docs/metrics.md; do not trust the pace until it is green
WITH sides AS
(
    SELECT sum(spend_rub) AS spend FROM v_budget_pacing
    UNION ALL
    SELECT -toFloat64(sum(spend_rub)) AS spend FROM fact_marketing_daily
)
SELECT
    if(abs(round(sum(spend), 2)) = 0, 'ok', 'error') AS status,
    abs(round(sum(spend), 2)) AS figure,
    0. AS threshold,
    concat('view minus fact: ', toString(round(sum(spend), 2)), ' RUB') AS detail
FROM sides
