-- ROMI + 1 = ROAS, ROAS × ДРР = 1, and ratios and colour are empty exactly where there is no spend or no city.
-- asset: v_romi_kpi
-- severity: error
-- blocking: no
-- ru: ROMI: формулы или светофор не сходятся
-- ru_action: Не верьте светофору; сравните sql/views/v_romi_kpi.sql с docs/metrics.md.
-- action: compare sql/views/v_romi_kpi.sql with docs/metrics.md; do not trust the page until it is green
WITH broken AS
(
    SELECT date, city
    FROM v_romi_kpi
    WHERE NOT ifNull(if(
        spend_rub <= 0 OR city = 'не указано',
        roas IS NULL AND romi_pct IS NULL AND drr_pct IS NULL AND romi_status_code = 0,
        abs(roas - romi_pct / 100 - 1) < 1e-6 * greatest(1, abs(roas))
            AND isFinite(roas)
            AND (drr_pct IS NULL OR abs(roas * drr_pct / 100 - 1) < 1e-6)
            AND romi_status_code BETWEEN 1 AND 3), 0)
)
SELECT
    if(count() = 0, 'ok', 'error') AS status,
    toFloat64(count()) AS figure,
    0. AS threshold,
    if(count() = 0, 'the identities hold in every row',
        concat(toString(count()), ' rows break them, ', any(city), ' among them, from ', toString(min(date)), ' to ', toString(max(date)))) AS detail
FROM broken
