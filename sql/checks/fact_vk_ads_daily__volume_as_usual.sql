-- The newest day spends between a fifth and five times the median of the same weekday in the eight weeks before.
-- asset: fact_vk_ads_daily
-- severity: warn
-- blocking: no
-- ru: VK Реклама: расход необычный для этого дня недели
-- ru_action: Узнайте, не останавливали ли кампании; если нет, загрузите день заново и сверьте с кабинетом.
-- action: ask whether campaigns were stopped or started; if not, materialise the day again and compare with the cabinet
WITH days AS
(
    SELECT date, toFloat64(sum(spent_rub)) AS spent
    FROM fact_vk_ads_daily FINAL
    GROUP BY date
),
newest AS
(
    SELECT max(date) AS day FROM days
),
compared AS
(
    SELECT
        anyIf(spent, date = (SELECT day FROM newest)) AS now,
        quantileExactIf(0.5)(spent, date < (SELECT day FROM newest)) AS usual,
        countIf(date < (SELECT day FROM newest)) AS weeks
    FROM days
    WHERE date > (SELECT day FROM newest) - 57 AND toDayOfWeek(date) = toDayOfWeek((SELECT day FROM newest))
)
SELECT
    if(weeks < 3 OR usual = 0 OR (now >= usual / 5 AND now <= usual * 5), 'ok', 'warning') AS status,
    now AS figure,
    usual AS threshold,
    if(weeks < 3, 'fewer than three such weekdays to compare with',
       concat(toString((SELECT day FROM newest)), ': ', toString(round(now, 2)), ' RUB, usual for the weekday ', toString(round(usual, 2)))) AS detail
FROM compared
