-- Over 30 days no campaign spends less than nothing or has more clicks than impressions.
-- Within one day Direct counts a click whose impression was the day before, and VK corrects ads and groups apart: hence the
-- month, and an allowance of 1 % and five clicks.
-- asset: fact_marketing_daily
-- severity: error
-- blocking: no
-- ru: Реклама: невозможные показатели за 30 дней
-- ru_action: Сверьте названную кампанию с кабинетом площадки и загрузите её дни заново.
-- action: compare the campaign with the cabinet; if it shows the same, write to its support, else materialise the days again
WITH campaigns AS
(
    SELECT source, campaign_id, sum(impressions) AS views, sum(clicks) AS taps, sum(spend_rub) AS spend
    FROM fact_marketing_daily
    WHERE date > (SELECT max(date) FROM fact_marketing_daily) - 30
    GROUP BY source, account, campaign_id
    HAVING spend < 0 OR views < 0 OR taps < 0 OR taps > views * 1.01 + 5
)
SELECT
    if(count() = 0, 'ok', 'error') AS status,
    toFloat64(count()) AS figure,
    0. AS threshold,
    if(count() = 0, 'figures of every campaign are possible',
        concat(toString(count()), ' campaigns are not, ', any(source), ' ', toString(any(campaign_id)), ' among them')) AS detail
FROM campaigns
