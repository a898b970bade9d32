-- Advertising of every platform in one shape. The city is that of the tag, else the one the loader found in names.
-- Networks of one ad are added up; every rouble of the platforms' facts is in exactly one row. Rows of nothing but zeros
-- ("the group stood still") stay behind. throwIf takes a plain String: before 26.7 it runs over the dictionary of a LowCardinality
-- column as well, where '' always stands.
-- day: date
-- grain: one row per (date, source, account, campaign_id, ad_group_id, ad_id)
WITH
spent AS
(
    SELECT
        date, 'vk_ads' AS source, account, ad_plan_id AS campaign_id, ad_plan_name AS campaign_name,
        ad_group_id, ad_group_name, ad_id,
        utm_source, utm_medium, utm_campaign, utm_content, utm_term, city,
        toInt64(impressions) AS impressions, toInt64(clicks) AS clicks, CAST(conversions AS Nullable(Int64)) AS conversions,
        spent_rub AS spend_raw_rub, spend_rub, _loaded_at
    FROM fact_vk_ads_daily FINAL
    WHERE date BETWEEN {first:Date} AND {last:Date}
        AND (impressions != 0 OR clicks != 0 OR spend_rub != 0 OR spent_rub != 0 OR ifNull(conversions, 0) != 0)
    UNION ALL
    SELECT
        date, 'yandex_direct' AS source, account, campaign_id, campaign_name,
        ad_group_id, ad_group_name, ad_id,
        utm_source, utm_medium, utm_campaign, utm_content, utm_term, city,
        toInt64(impressions) AS impressions, toInt64(clicks) AS clicks, CAST(conversions AS Nullable(Int64)) AS conversions,
        cost_rub AS spend_raw_rub, spend_rub, _loaded_at
    FROM fact_direct_daily FINAL
    WHERE date BETWEEN {first:Date} AND {last:Date}
        AND (impressions != 0 OR clicks != 0 OR spend_rub != 0 OR cost_rub != 0 OR ifNull(conversions, 0) != 0)
),
utms AS
(
    SELECT
        date, utm_source, utm_medium, utm_campaign, utm_content, utm_term,
        channel_group, tag_city, tag_reason, tag_show_date, tag_shows
    FROM fact_utm_daily
    WHERE date BETWEEN {first:Date} AND {last:Date}
),
loads AS
(
    SELECT source, day, covered_until FROM meta_day_loads FINAL WHERE day BETWEEN {first:Date} AND {last:Date}
),
platforms AS
(
    SELECT source, min(channel_group) AS channel_group FROM dim_channels FINAL WHERE source != '' GROUP BY source
),
tagged AS
(
    SELECT
        s.date AS date, s.source AS source, s.account AS account,
        s.campaign_id AS campaign_id, s.campaign_name AS campaign_name,
        s.ad_group_id AS ad_group_id, s.ad_group_name AS ad_group_name, s.ad_id AS ad_id,
        s.utm_source AS utm_source, s.utm_medium AS utm_medium, s.utm_campaign AS utm_campaign,
        s.utm_content AS utm_content, s.utm_term AS utm_term,
        if(p.channel_group = '', s.source, p.channel_group) AS channel_group,
        multiIf(
            throwIf(CAST(u.channel_group, 'String') = '', 'fact_utm_daily lacks a UTM of these days: build it first') = 1, '',
            u.tag_city != '', u.tag_city,
            s.city != '', s.city,
            'не указано') AS city,
        u.tag_show_date AS show_date,
        multiIf(
            u.tag_reason = 'unknown city', 'неизвестный город',
            u.tag_reason = 'impossible date', 'невозможная дата',
            u.tag_reason = 'ambiguous date', 'неоднозначная дата',
            u.tag_reason = 'almost a tag', 'метка не по форме',
            u.tag_reason = 'unread', 'метка ещё не прочитана',
            city = 'не указано', 'город не распознан',
            u.tag_show_date IS NOT NULL AND u.tag_shows = 0, 'нет показа в этот день',
            '') AS utm_problem,
        s.impressions AS impressions, s.clicks AS clicks, s.conversions AS conversions,
        s.spend_raw_rub AS spend_raw_rub, s.spend_rub AS spend_rub,
        if(l.covered_until = toDateTime(0), s._loaded_at, l.covered_until) AS as_of
    FROM spent AS s
    LEFT ANY JOIN utms AS u
        ON s.date = u.date AND s.utm_source = u.utm_source AND s.utm_medium = u.utm_medium
        AND s.utm_campaign = u.utm_campaign AND s.utm_content = u.utm_content AND s.utm_term = u.utm_term
    LEFT ANY JOIN loads AS l ON s.source = l.source AND s.date = l.day
    LEFT ANY JOIN platforms AS p ON s.source = p.source
)
SELECT
    date,
    source,
    channel_group,
    account,
    campaign_id,
    campaign_name,
    ad_group_id,
    ad_group_name,
    ad_id,
    utm_source,
    utm_medium,
    utm_campaign,
    utm_content,
    utm_term,
    city,
    show_date,
    utm_problem,
    sum(t.impressions) AS impressions,
    sum(t.clicks) AS clicks,
    sum(t.conversions) AS conversions,
    sum(t.spend_raw_rub) AS spend_raw_rub,
    sum(t.spend_rub) AS spend_rub,
    min(t.as_of) AS as_of
FROM tagged AS t
GROUP BY
    date, source, channel_group, account, campaign_id, campaign_name, ad_group_id, ad_group_name, ad_id,
    utm_source, utm_medium, utm_campaign, utm_content, utm_term, city, show_date, utm_problem
