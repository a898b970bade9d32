-- The VAT in the spend of the newest days, as many as make 1000 RUB, is the rate that dim_settings states for the source
-- (kopecks of rounding apart). Older days may have an earlier rate by law, which dim_settings does not state.
-- asset: fact_marketing_daily
-- severity: warn
-- blocking: no
-- ru: НДС в расходе не равен ставке из настроек
-- ru_action: Проверьте VK_ADS_VAT_PCT и sql/seeds/settings.csv, затем загрузите дни заново.
-- action: make sql/seeds/settings.csv and the loaders' setting (VK_ADS_VAT_PCT) say the same, then reload the days
WITH
daily AS
(
    SELECT m.source AS source, m.date AS date, sum(m.spend_raw_rub) AS raw, sum(m.spend_rub) AS spend
    FROM fact_marketing_daily AS m
    WHERE m.date > (SELECT max(date) FROM fact_marketing_daily) - 30
    GROUP BY m.source, m.date
),
newest AS
(
    SELECT d.source AS source, d.date AS date, d.raw AS raw, d.spend AS spend,
        sum(d.raw) OVER (PARTITION BY d.source ORDER BY d.date DESC) - d.raw AS newer
    FROM daily AS d
),
rates AS
(
    SELECT
        n.source AS source,
        min(n.date) AS since,
        (toFloat64(sum(n.spend)) / toFloat64(sum(n.raw)) - 1) * 100 AS seen,
        (SELECT max(value) FROM dim_settings FINAL WHERE key = 'vat_vk_ads_pct') AS vk,
        (SELECT max(value) FROM dim_settings FINAL WHERE key = 'vat_yandex_direct_pct') AS direct,
        if(n.source = 'vk_ads', vk, direct) AS stated
    FROM newest AS n
    WHERE n.newer <= 1000
    GROUP BY n.source
    HAVING sum(n.raw) > 1000
)
SELECT
    if(countIf(abs(seen - stated) > 0.1) = 0, 'ok', 'warning') AS status,
    toFloat64(countIf(abs(seen - stated) > 0.1)) AS figure,
    0. AS threshold,
    if(count() = 0, 'no spend to compare',
        arrayStringConcat(groupArray(concat(source, ' has ', toString(round(seen, 2)), ' % from ', toString(since), ' on, stated ', toString(stated), ' %')), '; ')) AS detail
FROM rates
