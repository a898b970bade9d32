-- Each loaded day adds up to what VK said of its ad groups, to the kopeck.
-- asset: fact_vk_ads_daily
-- severity: error
-- blocking: yes
-- ru: VK Реклама: объявления не сходятся с группами площадки
-- ru_action: Запустите reload_days за дни, названные в подробностях.
-- action: run the job reload_days for the days the detail names
WITH said AS
(
    SELECT
        day,
        toDecimal64OrZero(JSONExtractString(totals, 'spent_rub'), 2) AS spent,
        toInt64OrZero(JSONExtractString(totals, 'impressions')) AS impressions,
        toInt64OrZero(JSONExtractString(totals, 'clicks')) AS clicks
    FROM meta_day_loads FINAL
    WHERE source = 'vk_ads'
),
sides AS
(
    SELECT day, spent, impressions, clicks FROM said
    UNION ALL
    SELECT date AS day, -spent_rub AS spent, -impressions AS impressions, -clicks AS clicks
    FROM fact_vk_ads_daily FINAL
),
days AS
(
    SELECT day, sum(spent) AS gap
    FROM sides
    GROUP BY day
    HAVING gap != 0 OR sum(impressions) != 0 OR sum(clicks) != 0
)
SELECT
    if(count() = 0, 'ok', 'error') AS status,
    toFloat64(count()) AS figure,
    0. AS threshold,
    if(count() = 0, 'every loaded day equals the vendor''s own figures',
       concat(toString(count()), ' days differ, by ', toString(sum(gap)), ' RUB, from ', toString(min(day)), ' to ', toString(max(day)))) AS detail
FROM days
