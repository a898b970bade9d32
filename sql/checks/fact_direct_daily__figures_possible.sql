-- No campaign has negative spend on a day, or more clicks than impressions beyond the late clicks of midnight.
-- An impression at 23:59 may be clicked at 00:01, so a nearly silent campaign may exceed by a few.
-- asset: fact_direct_daily
-- severity: error
-- blocking: no
-- ru: Яндекс.Директ: невозможные показатели
-- ru_action: Загрузите названные дни заново; если повторится, сверьте с кабинетом Директа.
-- action: compare the campaigns with the cabinet; if Direct shows the same, write to its support, else materialise the days again
WITH campaigns AS
(
    SELECT date, campaign_id, sum(impressions) AS shows, sum(clicks) AS taps, sum(cost_rub) AS spent
    FROM fact_direct_daily FINAL
    GROUP BY date, account, campaign_id
    HAVING spent < 0 OR taps > shows * 1.01 + 5
)
SELECT
    if(count() = 0, 'ok', 'error') AS status,
    toFloat64(count()) AS figure,
    0. AS threshold,
    if(count() = 0, 'figures of every campaign and day are possible',
       concat(toString(count()), ' impossible, campaign ', toString(any(campaign_id)), ' among them, from ', toString(min(date)), ' to ', toString(max(date)))) AS detail
FROM campaigns
