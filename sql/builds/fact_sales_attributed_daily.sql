-- Sales of both channels, each movement on its own day, with the advertising it is owed to. Which channel counts on which
-- day is not decided here but where it is read (v_sales_attributed), because that may change later. Cities, events and
-- shows are those of fact_qtickets_sales_daily.
-- The ladder: the first rung that matches. ad, campaign and utm are found in fact_utm_matches_daily, show, city and source
-- in what the tag says (fact_utm_daily).
-- day: sale_date
-- grain: one row per (sale_date, date, show, city, four UTM, match)
WITH
platforms AS
(
    SELECT source, min(channel_group) AS channel_group FROM dim_channels FINAL WHERE source != '' GROUP BY source
),
owed AS
(
    SELECT
        u.date AS date,
        tuple(u.utm_source, u.utm_medium, u.utm_campaign, u.utm_content, u.utm_term) AS utm,
        multiIf(
            m.rung != '', m.rung,
            u.tag_shows > 0, 'show',
            u.tag_city != '', 'city',
            u.channel_group NOT IN ('без меток', 'канал не определён'), 'source',
            'none') AS match_level,
        if(p.channel_group != '', p.channel_group, u.channel_group) AS channel_group,
        if(m.rung != '', m.source, u.source) AS source,
        m.account AS account,
        m.campaign_id AS campaign_id,
        m.campaign_name AS campaign_name,
        m.ad_group_id AS ad_group_id,
        m.ad_group_name AS ad_group_name,
        m.ad_id AS ad_id,
        u.tag_city AS tag_city,
        u.tag_show_date AS tag_show_date,
        multiIf(
            m.rung != '' OR u.channel_group = 'без меток', '',
            u.channel_group = 'канал не определён', 'канал не определён',
            m.campaigns_sharing > 1, 'метка нескольких кампаний',
            u.tag_shows > 0, '',
            u.tag_reason = 'unknown city', 'неизвестный город',
            u.tag_reason = 'impossible date', 'невозможная дата',
            u.tag_reason = 'ambiguous date', 'неоднозначная дата',
            u.tag_reason = 'almost a tag', 'метка не по форме',
            u.tag_reason = 'unread', 'метка ещё не прочитана',
            u.tag_reason = 'numeric id' AND u.source != 'не указано', 'неизвестный номер рекламы',
            u.tag_show_date IS NOT NULL, 'нет показа в этот день',
            u.tag_city = '' AND u.source != 'не указано', 'не названы ни реклама, ни город',
            '') AS utm_problem
    FROM fact_utm_matches_daily AS m
    INNER JOIN (SELECT * FROM fact_utm_daily WHERE date BETWEEN {first:Date} AND {last:Date}) AS u
        ON m.date = u.date AND m.utm_source = u.utm_source AND m.utm_medium = u.utm_medium
        AND m.utm_campaign = u.utm_campaign AND m.utm_content = u.utm_content AND m.utm_term = u.utm_term
    LEFT ANY JOIN platforms AS p ON if(m.rung != '', m.source, u.source) = p.source
    WHERE m.date BETWEEN {first:Date} AND {last:Date}
),
moves AS
(
    SELECT
        f.*,
        tuple(CAST(f.utm_source AS String), CAST(f.utm_medium AS String), f.utm_campaign, f.utm_content, f.utm_term) AS utm
    FROM fact_qtickets_sales_daily AS f
    WHERE f.sale_date BETWEEN {first:Date} AND {last:Date}
)
SELECT
    m.sale_date AS sale_date,
    m.date AS date,
    m.sales_source AS sales_source,
    m.event_id AS event_id,
    m.event_name AS event_name,
    m.event_key AS event_key,
    m.show_id AS show_id,
    m.city AS city,
    m.utm.1 AS utm_source,
    m.utm.2 AS utm_medium,
    m.utm.3 AS utm_campaign,
    m.utm.4 AS utm_content,
    if(throwIf(CAST(o.match_level, 'String') = '', 'fact_utm_matches_daily lacks a UTM of these days: build it first') = 1, '',
        o.match_level) AS match_level,
    o.channel_group AS channel_group,
    o.source AS source,
    o.account AS account,
    o.campaign_id AS campaign_id,
    o.campaign_name AS campaign_name,
    o.ad_group_id AS ad_group_id,
    o.ad_group_name AS ad_group_name,
    o.ad_id AS ad_id,
    o.tag_city AS tag_city,
    o.tag_show_date AS tag_show_date,
    o.utm_problem AS utm_problem,
    sum(m.orders) AS orders,
    sum(m.orders_free) AS orders_free,
    sum(m.tickets_sold) AS tickets_sold,
    sum(m.tickets_free) AS tickets_free,
    sum(m.tickets_refunded) AS tickets_refunded,
    sum(m.tickets_refunded_free) AS tickets_refunded_free,
    sum(m.tickets_removed) AS tickets_removed,
    sum(m.tickets_removed_free) AS tickets_removed_free,
    sum(m.revenue_rub) AS revenue_rub,
    sum(m.refunds_rub) AS refunds_rub,
    sum(m.deduction_rub) AS deduction_rub,
    max(m.as_of) AS as_of
FROM moves AS m
LEFT ANY JOIN owed AS o ON m.sale_date = o.date AND m.utm = o.utm
GROUP BY
    sale_date, date, sales_source, event_id, event_name, event_key, show_id, city,
    utm_source, utm_medium, utm_campaign, utm_content, match_level, channel_group, source,
    account, campaign_id, campaign_name, ad_group_id, ad_group_name, ad_id, tag_city, tag_show_date, utm_problem
