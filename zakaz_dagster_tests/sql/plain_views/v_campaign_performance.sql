-- v_campaign_performance from the facts alone, without what is added up for it.
WITH
moved AS
(
    SELECT
        date, city, channel_group, source, account, campaign_id, ad_group_id,
        campaign_name AS own_campaign, ad_group_name AS own_group, '' AS listed_campaign, '' AS listed_group,
        spend_rub, spend_raw_rub, impressions, clicks, conversions,
        toInt64(0) AS orders, toInt64(0) AS tickets_sold, toInt64(0) AS tickets_free,
        toDecimal64(0, 2) AS revenue_rub, toDecimal64(0, 2) AS refunds_rub,
        as_of
    FROM fact_marketing_daily
    UNION ALL
    SELECT
        date, city, channel_group, source, account, campaign_id, ad_group_id,
        '' AS own_campaign, '' AS own_group, campaign_name AS listed_campaign, ad_group_name AS listed_group,
        toDecimal64(0, 2) AS spend_rub, toDecimal64(0, 2) AS spend_raw_rub,
        toInt64(0) AS impressions, toInt64(0) AS clicks, CAST(NULL AS Nullable(Int64)) AS conversions,
        toInt64(orders) AS orders, toInt64(tickets_sold) AS tickets_sold, toInt64(tickets_free) AS tickets_free,
        revenue_rub, refunds_rub,
        as_of
    FROM v_sales_attributed
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
        toFloat64(sum(m.spend_rub)) AS spend_rub,
        toFloat64(sum(m.spend_raw_rub)) AS spend_raw_rub,
        sum(m.impressions) AS impressions,
        sum(m.clicks) AS clicks,
        sum(m.conversions) AS conversions,
        sum(m.orders) AS orders,
        sum(m.tickets_sold) - sum(m.tickets_free) AS tickets_paid,
        sum(m.tickets_free) AS tickets_free,
        toFloat64(sum(m.revenue_rub)) AS revenue_rub,
        toFloat64(sum(m.refunds_rub)) AS refunds_rub,
        toFloat64(sum(m.revenue_rub) - sum(m.refunds_rub)) AS net_revenue_rub,
        min(m.as_of) AS as_of
    FROM moved AS m
    GROUP BY m.date, m.city, m.channel_group, m.source, m.account, m.campaign_id, m.ad_group_id
),
-- A row meets its sales when the group's sales stand beside the group's spend and no sale of the campaign lacks a group.
met AS
(
    SELECT
        s.*,
        s.net_revenue_rub * l.organiser_share_pct / 100 AS income_rub,
        s.revenue_rub != 0 OR s.refunds_rub != 0 OR s.tickets_paid + s.tickets_free != 0 AS has_sales,
        s.spend_rub > 0 AS has_spend,
        sum(spend_rub) OVER campaign AS campaign_spend_rub,
        sum(income_rub) OVER campaign AS campaign_income_rub,
        max(has_sales) OVER ad_group = 0
            OR max(has_sales != has_spend AND (has_sales OR s.city = 'не указано')) OVER ad_group = 0 AS is_met_in_group,
        max(has_sales AND s.ad_group_id = 0) OVER campaign = 0 OR max(has_spend AND s.ad_group_id != 0) OVER campaign = 0
            AS is_met_in_campaign,
        if(has_spend AND is_met_in_group AND is_met_in_campaign, income_rub / s.spend_rub, NULL) AS row_roas,
        if(campaign_spend_rub > 0 AND s.campaign_id > 0, campaign_income_rub / campaign_spend_rub, NULL) AS whole_roas
    FROM summed AS s
    CROSS JOIN v_settings AS l
    WINDOW
        campaign AS (PARTITION BY s.date, s.source, s.campaign_id),
        ad_group AS (PARTITION BY s.date, s.source, s.campaign_id, s.ad_group_id)
)
SELECT
    m.date AS date,
    m.city AS city,
    if(ifNull(c.city_name, '') = '', CAST(m.city AS String), ifNull(c.city_name, '')) AS city_name,
    m.channel_group AS channel_group,
    m.source AS source,
    CAST(if(m.account = '', 'не указано', m.account) AS LowCardinality(String)) AS account,
    m.campaign_id AS campaign_id,
    multiIf(m.campaign_name != '', m.campaign_name, m.campaign_id = 0, 'без кампании', 'не указано') AS campaign_name,
    m.ad_group_id AS ad_group_id,
    if(m.ad_group_name = '', 'не указано', m.ad_group_name) AS ad_group_name,
    m.spend_rub AS spend_rub,
    m.spend_raw_rub AS spend_raw_rub,
    m.impressions AS impressions,
    m.clicks AS clicks,
    m.conversions AS conversions,
    m.orders AS orders,
    m.tickets_paid AS tickets_paid,
    m.tickets_free AS tickets_free,
    m.revenue_rub AS revenue_rub,
    m.refunds_rub AS refunds_rub,
    m.net_revenue_rub AS net_revenue_rub,
    m.income_rub AS organiser_income_rub,
    if(m.impressions > 0, m.clicks / m.impressions * 100, NULL) AS ctr_pct,
    if(m.clicks > 0, m.spend_rub / m.clicks, NULL) AS cpc_rub,
    if(m.impressions > 0, m.spend_rub / m.impressions * 1000, NULL) AS cpm_rub,
    if(m.row_roas IS NOT NULL AND m.tickets_paid > 0, m.spend_rub / m.tickets_paid, NULL) AS cpt_rub,
    if(m.row_roas IS NOT NULL AND m.clicks > 0, m.tickets_paid / m.clicks * 100, NULL) AS conversion_pct,
    m.row_roas AS roas,
    (m.row_roas - 1) * 100 AS romi_pct,
    if(m.income_rub > 0, 100 / m.row_roas, NULL) AS drr_pct,
    t.romi_status AS romi_status,
    t.romi_status_code AS romi_status_code,
    m.whole_roas AS campaign_roas,
    w.romi_status AS campaign_status,
    w.romi_status_code AS campaign_status_code,
    t.roas_green_above AS roas_green_above,
    t.roas_yellow_from AS roas_yellow_from,
    m.as_of AS data_as_of
FROM met AS m
ASOF JOIN v_romi_lights AS t
    ON toUInt8(multiIf(m.spend_rub <= 0, 0, m.row_roas IS NULL, 2, 1)) = t.light_kind
    AND round(ifNull(m.row_roas, 0), 9) >= t.roas_from
ASOF JOIN v_romi_lights AS w
    ON toUInt8(m.whole_roas IS NOT NULL) = w.light_kind AND round(ifNull(m.whole_roas, 0), 9) >= w.roas_from
LEFT ANY JOIN (SELECT city, city_name FROM dim_cities FINAL) AS c ON m.city = c.city
