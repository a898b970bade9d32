INSERT INTO fact_direct_daily (
    date, account, campaign_id, campaign_name, ad_group_id, ad_group_name, ad_id, network, impressions, clicks, cost_rub,
    spend_rub, utm_source, utm_medium, utm_campaign, utm_content, city, _loaded_at, _ver)
SELECT
    {first:Date} + intDiv(number, 300) AS date,
    'кабинет' AS account,
    number % 100 + 1 AS campaign_id,
    concat('Кампания ', toString(campaign_id)) AS campaign_name,
    campaign_id AS ad_group_id,
    'Группа' AS ad_group_name,
    number % 300 + 1 AS ad_id,
    'SEARCH' AS network,
    1000 AS impressions,
    10 AS clicks,
    100 AS cost_rub,
    100 AS spend_rub,
    'yandex' AS utm_source,
    'cpc' AS utm_medium,
    toString(campaign_id) AS utm_campaign,
    toString(ad_id) AS utm_content,
    ['томск', 'омск', 'чита'][campaign_id % 3 + 1] AS city,
    toDateTime(date) + 90000 AS _loaded_at,
    1 AS _ver
FROM numbers({days:UInt64} * 300)
