INSERT INTO fact_marketing_daily (
    date, source, channel_group, account, campaign_id, campaign_name, ad_group_id, ad_group_name, ad_id,
    utm_source, utm_medium, utm_campaign, utm_content, city, show_date, utm_problem,
    impressions, clicks, conversions, spend_raw_rub, spend_rub, as_of, _loaded_at)
-- An ad lives sixty days in one of {ads} places; three of them make a campaign, which means one city.
SELECT
    {first:Date} + intDiv(number, {ads:UInt64}) AS date,
    ['vk_ads', 'yandex_direct'][campaign % 2 + 1] AS source,
    ['VK Реклама', 'Яндекс.Директ'][campaign % 2 + 1] AS channel_group,
    'кабинет' AS account,
    campaign AS campaign_id,
    concat('Кампания ', toString(campaign)) AS campaign_name,
    campaign * 2 + ad % 2 AS ad_group_id,
    concat('Группа ', toString(ad % 2)) AS ad_group_name,
    ad AS ad_id,
    ['vk', 'yandex'][campaign % 2 + 1] AS utm_source,
    'cpc' AS utm_medium,
    concat('c', toString(campaign)) AS utm_campaign,
    concat('tomsk_', toString(campaign % 28 + 1), '_11') AS utm_content,
    {cities:Array(String)}[campaign % 10 + 1] AS city,
    date + campaign % {life:UInt64} AS show_date,
    if(campaign % 20 = 0, 'нет показа в этот день', '') AS utm_problem,
    views AS impressions,
    intDiv(views, 80) AS clicks,
    intDiv(views, 2000) AS conversions,
    toDecimal64(views / 10, 2) AS spend_raw_rub,
    toDecimal64(views / 8, 2) AS spend_rub,
    toDateTime(date) + 90000 AS as_of,
    as_of AS _loaded_at
FROM
(
    SELECT
        number,
        intDiv(intDiv(number, {ads:UInt64}), 60) * {ads:UInt64} + number % {ads:UInt64} + 1 AS ad,
        intDiv(ad - 1, 3) + 1 AS campaign,
        toInt64(cityHash64(number, 3) % 20000) AS views
    FROM numbers({begin:UInt64} * {ads:UInt64}, {length:UInt64} * {ads:UInt64})
)
