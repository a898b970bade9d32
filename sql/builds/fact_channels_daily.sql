-- Campaigns of a day, city and channel added up.
-- day: date
-- grain: one row per (date, city, channel_group, source)
SELECT
    c.date AS date,
    c.city AS city,
    c.channel_group AS channel_group,
    c.source AS source,
    sum(c.spend_rub) AS spend_rub,
    sum(c.spend_raw_rub) AS spend_raw_rub,
    sum(c.impressions) AS impressions,
    sum(c.clicks) AS clicks,
    sum(c.conversions) AS conversions,
    sum(c.orders) AS orders,
    sum(c.orders_free) AS orders_free,
    sum(c.tickets_sold) AS tickets_sold,
    sum(c.tickets_free) AS tickets_free,
    sum(c.tickets_refunded) AS tickets_refunded,
    sum(c.revenue_rub) AS revenue_rub,
    sum(c.refunds_rub) AS refunds_rub,
    min(c.as_of) AS as_of
FROM fact_campaigns_daily AS c
WHERE c.date BETWEEN {first:Date} AND {last:Date}
GROUP BY c.date, c.city, c.channel_group, c.source
