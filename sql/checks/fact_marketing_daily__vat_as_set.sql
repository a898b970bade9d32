-- The VAT in the spend of 30 days is the rate that dim_settings states for the source (kopecks of rounding apart).
-- asset: fact_marketing_daily
-- severity: warn
-- blocking: no
-- ru: НДС в расходе не равен ставке из настроек
-- ru_action: Проверьте VK_ADS_VAT_PCT и sql/seeds/settings.csv, затем загрузите дни заново.
-- action: make sql/seeds/settings.csv and the loaders' setting (VK_ADS_VAT_PCT) say the same, then reload the days
WITH rates AS
(
    SELECT
        m.source AS source,
        (toFloat64(sum(m.spend_rub)) / toFloat64(sum(m.spend_raw_rub)) - 1) * 100 AS seen,
        (SELECT max(value) FROM dim_settings FINAL WHERE key = 'vat_vk_ads_pct') AS vk,
        (SELECT max(value) FROM dim_settings FINAL WHERE key = 'vat_yandex_direct_pct') AS direct,
        if(m.source = 'vk_ads', vk, direct) AS stated
    FROM fact_marketing_daily AS m
    WHERE m.date > (SELECT max(date) FROM fact_marketing_daily) - 30
    GROUP BY m.source
    HAVING sum(m.spend_raw_rub) > 1000
)
SELECT
    if(countIf(abs(seen - stated) > 0.1) = 0, 'ok', 'warning') AS status,
    toFloat64(countIf(abs(seen - stated) > 0.1)) AS figure,
    0. AS threshold,
    if(count() = 0, 'no spend to compare',
        arrayStringConcat(groupArray(concat(source, ' has ', toString(round(seen, 2)), ' %, stated ', toString(stated), ' %')), '; ')) AS detail
FROM rates
