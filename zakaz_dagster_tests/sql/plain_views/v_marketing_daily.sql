-- v_marketing_daily from the facts alone, without what is added up for it.
WITH
moved AS
(
    SELECT
        date, city, channel_group, source,
        spend_rub, spend_raw_rub, impressions, clicks, conversions,
        toInt64(0) AS orders, toInt64(0) AS orders_free,
        toInt64(0) AS tickets_sold, toInt64(0) AS tickets_free, toInt64(0) AS tickets_refunded,
        toDecimal64(0, 2) AS revenue_rub, toDecimal64(0, 2) AS refunds_rub,
        as_of
    FROM fact_marketing_daily
    UNION ALL
    SELECT
        date, city, channel_group, source,
        toDecimal64(0, 2) AS spend_rub, toDecimal64(0, 2) AS spend_raw_rub,
        toInt64(0) AS impressions, toInt64(0) AS clicks, CAST(NULL AS Nullable(Int64)) AS conversions,
        toInt64(orders) AS orders, toInt64(orders_free) AS orders_free,
        toInt64(tickets_sold) AS tickets_sold, toInt64(tickets_free) AS tickets_free,
        toInt64(tickets_refunded) AS tickets_refunded,
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
        toFloat64(sum(m.spend_rub)) AS spend_rub,
        toFloat64(sum(m.spend_raw_rub)) AS spend_raw_rub,
        sum(m.impressions) AS impressions,
        sum(m.clicks) AS clicks,
        sum(m.conversions) AS conversions,
        sum(m.orders) AS orders,
        sum(m.orders_free) AS orders_free,
        sum(m.tickets_sold) AS tickets_sold,
        sum(m.tickets_free) AS tickets_free,
        sum(m.tickets_refunded) AS tickets_refunded,
        toFloat64(sum(m.revenue_rub)) AS revenue_rub,
        toFloat64(sum(m.refunds_rub)) AS refunds_rub,
        toFloat64(sum(m.revenue_rub) - sum(m.refunds_rub)) AS net_revenue_rub,
        min(m.as_of) AS as_of
    FROM moved AS m
    GROUP BY m.date, m.city, m.channel_group, m.source
),
shared AS
(
    SELECT
        s.*,
        if(ifNull(c.city_name, '') = '', CAST(s.city AS String), ifNull(c.city_name, '')) AS city_name,
        s.net_revenue_rub * l.organiser_share_pct / 100 AS income_rub,
        s.city != 'не указано' AS is_met
    FROM summed AS s
    CROSS JOIN v_settings AS l
    LEFT ANY JOIN (SELECT city AS own_city, city_name FROM dim_cities FINAL) AS c ON s.city = c.own_city
)
SELECT
    date,
    city,
    city_name,
    channel_group,
    source,
    spend_rub,
    spend_raw_rub,
    impressions,
    clicks,
    conversions,
    orders,
    orders_free,
    tickets_sold,
    tickets_sold - tickets_free AS tickets_paid,
    tickets_free,
    tickets_refunded,
    revenue_rub,
    refunds_rub,
    net_revenue_rub,
    income_rub AS organiser_income_rub,
    if(impressions > 0, clicks / impressions * 100, NULL) AS ctr_pct,
    if(clicks > 0, spend_rub / clicks, NULL) AS cpc_rub,
    if(impressions > 0, spend_rub / impressions * 1000, NULL) AS cpm_rub,
    if(is_met AND tickets_sold > tickets_free AND spend_rub > 0, spend_rub / (tickets_sold - tickets_free), NULL) AS cpt_rub,
    if(is_met AND clicks > 0, (tickets_sold - tickets_free) / clicks * 100, NULL) AS conversion_pct,
    if(is_met AND spend_rub > 0, income_rub / spend_rub, NULL) AS roas,
    if(is_met AND spend_rub > 0, (income_rub - spend_rub) / spend_rub * 100, NULL) AS romi_pct,
    if(is_met AND spend_rub > 0 AND income_rub > 0, spend_rub / income_rub * 100, NULL) AS drr_pct,
    as_of AS data_as_of
FROM shared
