-- Spend of the decisions page is that of the facts up to the data day, but for what platforms corrected since.
-- asset: v_decisions
-- severity: error
-- blocking: no
-- ru: Решения: расход потерян или посчитан дважды
-- ru_action: Не следуйте советам, пока не станет зелёной; сравните sql/views/v_decisions.sql с docs/metrics.md.
-- action: compare sql/views/v_decisions.sql with docs/metrics.md; follow no advice until it is green
WITH
shown AS
(
    SELECT sum(spend_7d_rub) AS week, sum(spend_total_rub) AS whole, max(data_day) AS y FROM v_decisions
),
spent AS
(
    SELECT
        toFloat64(sumIf(m.spend_rub, m.date > s.y - 7)) AS week, toFloat64(sum(m.spend_rub)) AS whole
    FROM fact_marketing_daily AS m
    CROSS JOIN shown AS s
    WHERE m.date <= s.y
),
gaps AS
(
    SELECT round(s.week - f.week, 2) AS week_gap, round(s.whole - f.whole, 2) AS whole_gap, abs(f.whole) * 0.05 AS corrected
    FROM shown AS s
    CROSS JOIN spent AS f
)
SELECT
    if(abs(week_gap) <= corrected AND abs(whole_gap) <= corrected, 'ok', 'error') AS status,
    greatest(abs(week_gap), abs(whole_gap)) AS figure,
    corrected AS threshold,
    concat('page minus facts: ', toString(week_gap), ' RUB of seven days, ', toString(whole_gap), ' RUB of all time') AS detail
FROM gaps
