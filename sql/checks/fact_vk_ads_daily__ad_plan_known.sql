-- Every row with spend belongs to an ad plan and an ad group of the lists.
-- asset: fact_vk_ads_daily
-- severity: error
-- blocking: no
-- ru: VK Реклама: расход у неизвестной кампании
-- ru_action: Запустите vk_ads_daily: он заново читает списки кампаний и групп.
-- action: load the dimensions of VK Ads, then the days the detail names
WITH unknown AS
(
    SELECT date, ad_group_id, spent_rub
    FROM fact_vk_ads_daily FINAL
    WHERE spent_rub != 0
      AND (ad_plan_id NOT IN (SELECT ad_plan_id FROM dim_vk_ad_plans)
           OR ad_group_id NOT IN (SELECT ad_group_id FROM dim_vk_ad_groups))
)
SELECT
    if(count() = 0, 'ok', 'error') AS status,
    toFloat64(count()) AS figure,
    0. AS threshold,
    if(count() = 0, 'every spending group and its ad plan are known',
       concat(toString(count()), ' rows with ', toString(sum(spent_rub)), ' RUB, from ', toString(min(date)), ' to ', toString(max(date)))) AS detail
FROM unknown
