-- Each loaded day adds up to what Direct's reports said of it, to the kopeck, after repeated keys were summed.
-- asset: fact_direct_daily
-- severity: error
-- blocking: yes
-- ru: Яндекс.Директ: расход не равен отчёту площадки
-- ru_action: Запустите reload_days за дни, названные в подробностях.
-- action: run the job reload_days for the days the detail names
WITH said AS
(
    SELECT
        day,
        toDecimal64OrZero(JSONExtractString(totals, 'cost_rub'), 2) AS cost,
        toInt64OrZero(JSONExtractString(totals, 'impressions')) AS impressions,
        toInt64OrZero(JSONExtractString(totals, 'clicks')) AS clicks
    FROM meta_day_loads FINAL
    WHERE source = 'yandex_direct'
),
sides AS
(
    SELECT day, cost, impressions, clicks FROM said
    UNION ALL
    SELECT date AS day, -cost_rub AS cost, -toInt64(impressions) AS impressions, -toInt64(clicks) AS clicks
    FROM fact_direct_daily FINAL
),
days AS
(
    SELECT day, sum(cost) AS gap
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
