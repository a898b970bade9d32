-- Spend, impressions and clicks are those of the platforms' facts, day by day, to the kopeck.
-- asset: fact_marketing_daily
-- severity: error
-- blocking: no
-- ru: Сводный расход отстал от площадок
-- ru_action: Запустите reload_days за дни, названные в подробностях.
-- action: run the job reload_days for the days the detail names
WITH sides AS
(
    SELECT date, source, spend_rub, spend_raw_rub, impressions, clicks FROM fact_marketing_daily
    UNION ALL
    SELECT date, 'vk_ads' AS source, -spend_rub AS spend_rub, -spent_rub AS spend_raw_rub,
        -toInt64(impressions) AS impressions, -toInt64(clicks) AS clicks
    FROM fact_vk_ads_daily FINAL
    UNION ALL
    SELECT date, 'yandex_direct' AS source, -spend_rub AS spend_rub, -cost_rub AS spend_raw_rub,
        -toInt64(impressions) AS impressions, -toInt64(clicks) AS clicks
    FROM fact_direct_daily FINAL
),
days AS
(
    SELECT s.date AS date, s.source AS source, sum(s.spend_rub) AS gap
    FROM sides AS s
    GROUP BY s.date, s.source
    HAVING gap != 0 OR sum(s.spend_raw_rub) != 0 OR sum(s.impressions) != 0 OR sum(s.clicks) != 0
)
SELECT
    if(count() = 0, 'ok', 'error') AS status,
    toFloat64(count()) AS figure,
    0. AS threshold,
    if(count() = 0, 'spend equals the platforms on every day',
        concat(toString(count()), ' days differ, by ', toString(sum(gap)), ' RUB, ', any(source), ' among them, from ',
            toString(min(date)), ' to ', toString(max(date)))) AS detail
FROM days
