-- No row stands on a day before the business began, in no city, or with a ratio that is no number.
-- asset: v_marketing_daily
-- severity: error
-- blocking: no
-- ru: Маркетинг по дням: строки с невозможным днём, городом или числом
-- ru_action: Не верьте странице; сравните sql/views/v_marketing_daily.sql с docs/metrics.md.
-- action: find the row by the detail; a day of 1970 or an infinite ratio is a defect of sql/views/v_marketing_daily.sql
WITH odd AS
(
    SELECT date, city
    FROM v_marketing_daily
    WHERE date < toDate('2010-01-01') OR city = '' OR arrayExists(ratio -> NOT isFinite(ifNull(ratio, 0)), [ctr_pct, cpc_rub, cpm_rub, cpt_rub, conversion_pct, roas, romi_pct, drr_pct])
)
SELECT
    if(count() = 0, 'ok', 'error') AS status,
    toFloat64(count()) AS figure,
    0. AS threshold,
    if(count() = 0, 'every day, city and ratio is real',
        concat(toString(count()), ' rows are not, from ', toString(min(date)), ' to ', toString(max(date)))) AS detail
FROM odd
