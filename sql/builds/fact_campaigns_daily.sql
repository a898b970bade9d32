-- Spend and counted sales by campaign and ad group. Both sides are added up after UNION ALL: no join, so nothing is multiplied.
-- A sale may know its campaign and not its group, and has the city of its event, while spend has that of its tag: a row meets
-- its sales when the group's sales stand beside the group's spend and no sale of the campaign lacks a group. A platform's campaign
-- is one whatever its account was called when it was loaded.
-- day: date
-- grain: one row per (date, city, channel_group, source, account, campaign_id, ad_group_id)
WITH
chosen AS
(
    SELECT
        f.*,
        (f.sales_source = 'mail') = (ifNull(t.mail_sales, 0) = 1) AS has_sales,
        (f.sales_source = 'mail') = (ifNull(t.mail_free, 0) = 1) AS has_free,
        (f.sales_source = 'mail') = (ifNull(t.mail_refunded_tickets, 0) = 1) AS has_refunded_tickets,
        (f.sales_source = 'mail') = (ifNull(t.mail_refunds, 0) = 1) AS has_refunds
    FROM fact_sales_attributed_daily AS f
    LEFT ANY JOIN (SELECT * FROM fact_sales_channel_daily WHERE date BETWEEN {first:Date} AND {last:Date}) AS t
        ON f.date = t.date AND f.city = t.city
    WHERE f.date BETWEEN {first:Date} AND {last:Date}
),
moved AS
(
    SELECT
        date, city, channel_group, source, account, campaign_id, ad_group_id,
        campaign_name AS own_campaign, ad_group_name AS own_group, '' AS listed_campaign, '' AS listed_group,
        spend_rub, spend_raw_rub, impressions, clicks, conversions,
        toInt64(0) AS orders, toInt64(0) AS orders_free,
        toInt64(0) AS tickets_sold, toInt64(0) AS tickets_free, toInt64(0) AS tickets_refunded,
        toDecimal64(0, 2) AS revenue_rub, toDecimal64(0, 2) AS refunds_rub,
        as_of
    FROM fact_marketing_daily
    WHERE date BETWEEN {first:Date} AND {last:Date}
    UNION ALL
    SELECT
        c.date AS date, c.city AS city, c.channel_group AS channel_group, c.source AS source, c.account AS account,
        c.campaign_id AS campaign_id, c.ad_group_id AS ad_group_id,
        '' AS own_campaign, '' AS own_group, c.campaign_name AS listed_campaign, c.ad_group_name AS listed_group,
        toDecimal64(0, 2) AS spend_rub, toDecimal64(0, 2) AS spend_raw_rub,
        toInt64(0) AS impressions, toInt64(0) AS clicks, CAST(NULL AS Nullable(Int64)) AS conversions,
        toInt64(c.orders) AS orders, toInt64(c.orders_free) AS orders_free,
        if(c.has_sales, toInt64(c.tickets_sold), 0) AS tickets_sold,
        if(c.has_free, toInt64(c.tickets_free), 0) AS tickets_free,
        if(c.has_refunded_tickets, toInt64(c.tickets_refunded), 0) AS tickets_refunded,
        if(c.has_sales, c.revenue_rub, toDecimal64(0, 2)) AS revenue_rub,
        if(c.has_refunds, c.refunds_rub, toDecimal64(0, 2)) AS refunds_rub,
        c.as_of AS as_of
    FROM chosen AS c
    WHERE c.orders != 0 OR c.tickets_removed != 0 OR c.deduction_rub != 0
        OR (c.has_sales AND (c.tickets_sold != 0 OR c.revenue_rub != 0)) OR (c.has_free AND c.tickets_free != 0)
        OR (c.has_refunded_tickets AND c.tickets_refunded != 0) OR (c.has_refunds AND c.refunds_rub != 0)
),
summed AS
(
    SELECT
        m.date AS date,
        m.city AS city,
        m.channel_group AS channel_group,
        m.source AS source,
        m.account AS account,
        m.campaign_id AS campaign_id,
        m.ad_group_id AS ad_group_id,
        -- The platform's own name of the day, where it spent on it; a sale has the name that is listed now.
        if(max(m.own_campaign) != '', max(m.own_campaign), max(m.listed_campaign)) AS campaign_name,
        if(max(m.own_group) != '', max(m.own_group), max(m.listed_group)) AS ad_group_name,
        sum(m.spend_rub) AS spend_rub,
        sum(m.spend_raw_rub) AS spend_raw_rub,
        sum(m.impressions) AS impressions,
        sum(m.clicks) AS clicks,
        sum(m.conversions) AS conversions,
        sum(m.orders) AS orders,
        sum(m.orders_free) AS orders_free,
        sum(m.tickets_sold) AS tickets_sold,
        sum(m.tickets_free) AS tickets_free,
        sum(m.tickets_refunded) AS tickets_refunded,
        sum(m.revenue_rub) AS revenue_rub,
        sum(m.refunds_rub) AS refunds_rub,
        min(m.as_of) AS as_of
    FROM moved AS m
    GROUP BY m.date, m.city, m.channel_group, m.source, m.account, m.campaign_id, m.ad_group_id
),
met AS
(
    SELECT
        s.*,
        s.revenue_rub != 0 OR s.refunds_rub != 0 OR s.tickets_sold != 0 AS has_sales,
        s.spend_rub > 0 AS has_spend,
        sum(s.spend_rub) OVER campaign AS campaign_spend_rub,
        sum(s.revenue_rub - s.refunds_rub) OVER campaign AS campaign_net_rub,
        max(has_sales) OVER ad_group = 0
            OR max(has_sales != has_spend AND (has_sales OR s.city = 'не указано')) OVER ad_group = 0 AS is_met_in_group,
        max(has_sales AND s.ad_group_id = 0) OVER campaign = 0 OR max(has_spend AND s.ad_group_id != 0) OVER campaign = 0
            AS is_met_in_campaign
    FROM summed AS s
    WINDOW
        campaign AS (PARTITION BY s.date, s.source, s.campaign_id),
        ad_group AS (PARTITION BY s.date, s.source, s.campaign_id, s.ad_group_id)
)
SELECT
    m.date AS date,
    m.city AS city,
    m.channel_group AS channel_group,
    m.source AS source,
    m.account AS account,
    m.campaign_id AS campaign_id,
    m.campaign_name AS campaign_name,
    m.ad_group_id AS ad_group_id,
    m.ad_group_name AS ad_group_name,
    m.spend_rub AS spend_rub,
    m.spend_raw_rub AS spend_raw_rub,
    m.impressions AS impressions,
    m.clicks AS clicks,
    m.conversions AS conversions,
    m.orders AS orders,
    m.orders_free AS orders_free,
    m.tickets_sold AS tickets_sold,
    m.tickets_free AS tickets_free,
    m.tickets_refunded AS tickets_refunded,
    m.revenue_rub AS revenue_rub,
    m.refunds_rub AS refunds_rub,
    toUInt8(m.has_spend AND m.is_met_in_group AND m.is_met_in_campaign) AS is_met,
    m.campaign_spend_rub AS campaign_spend_rub,
    m.campaign_net_rub AS campaign_net_rub,
    m.as_of AS as_of
FROM met AS m
