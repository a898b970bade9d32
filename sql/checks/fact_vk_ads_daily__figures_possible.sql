-- No group has negative figures on a day, or more clicks than impressions beyond VK's late-click allowance of 1 %.
-- A click may be counted on the day after its impression, so a nearly silent group may exceed by a few.
-- asset: fact_vk_ads_daily
-- severity: error
-- blocking: no
-- ru: VK Реклама: невозможные показатели
-- ru_action: Загрузите названные дни заново; если повторится, сверьте с кабинетом VK.
-- action: compare the groups with the cabinet; if VK shows the same, write to its support, else materialise the days again
WITH groups AS
(
    SELECT date, ad_group_id, sum(impressions) AS shows, sum(clicks) AS taps, sum(spent_rub) AS spent
    FROM fact_vk_ads_daily FINAL
    GROUP BY date, account, ad_group_id
    HAVING shows < 0 OR taps < 0 OR spent < 0 OR taps > shows * 1.01 + 5
)
SELECT
    if(count() = 0, 'ok', 'error') AS status,
    toFloat64(count()) AS figure,
    0. AS threshold,
    if(count() = 0, 'figures of every group and day are possible',
       concat(toString(count()), ' impossible, group ', toString(any(ad_group_id)), ' among them, from ', toString(min(date)), ' to ', toString(max(date)))) AS detail
FROM groups
