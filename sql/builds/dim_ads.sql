-- Every ad that VK Ads and Yandex Direct list, with the newest names of its group and campaign.
-- grain: one row per (source, account, campaign_id, ad_group_id, ad_id)
WITH
direct AS
(
    SELECT account, campaign_id, campaign_name, ad_group_id, ad_group_name, ad_id
    FROM dim_direct_ads FINAL
    ORDER BY valid_from DESC
    LIMIT 1 BY account, campaign_id, ad_group_id, ad_id
),
vk AS
(
    SELECT account, ad_group_id, ad_id
    FROM dim_vk_ads FINAL
    ORDER BY valid_from DESC
    LIMIT 1 BY account, ad_id
),
groups AS
(
    SELECT ad_group_id, ad_plan_id, ad_group_name
    FROM dim_vk_ad_groups FINAL
    ORDER BY valid_from DESC
    LIMIT 1 BY ad_group_id
)
SELECT 'yandex_direct' AS source, account, campaign_id, campaign_name, ad_group_id, ad_group_name, ad_id
FROM direct
UNION ALL
SELECT
    'vk_ads' AS source, a.account AS account, g.ad_plan_id AS campaign_id, p.ad_plan_name AS campaign_name,
    a.ad_group_id AS ad_group_id, g.ad_group_name AS ad_group_name, a.ad_id AS ad_id
FROM vk AS a
LEFT ANY JOIN groups AS g ON a.ad_group_id = g.ad_group_id
LEFT ANY JOIN (SELECT ad_plan_id, ad_plan_name FROM dim_vk_ad_plans FINAL) AS p ON g.ad_plan_id = p.ad_plan_id
