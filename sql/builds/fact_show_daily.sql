-- Sales by show and spend by the show its tag names, day by day.
-- day: day
-- grain: one row per (day, date, sales_source, show, event, city, show_date)
WITH parts AS
(
    SELECT
        sale_date AS day, date, sales_source, show_id, event_id, event_name, city, CAST(NULL AS Nullable(Date)) AS show_date,
        tickets_sold, tickets_free, tickets_refunded, tickets_refunded_free, tickets_removed, tickets_removed_free,
        revenue_rub, refunds_rub,
        toDecimal64(0, 2) AS spend_rub, toInt64(0) AS impressions, toInt64(0) AS clicks
    FROM fact_sales_attributed_daily
    WHERE sale_date BETWEEN {first:Date} AND {last:Date}
    UNION ALL
    SELECT
        date AS day, date, '' AS sales_source, toUInt64(0) AS show_id, toUInt64(0) AS event_id, '' AS event_name, city, show_date,
        toUInt64(0) AS tickets_sold, toUInt64(0) AS tickets_free, toUInt64(0) AS tickets_refunded,
        toUInt64(0) AS tickets_refunded_free, toUInt64(0) AS tickets_removed, toUInt64(0) AS tickets_removed_free,
        toDecimal64(0, 2) AS revenue_rub, toDecimal64(0, 2) AS refunds_rub,
        spend_rub, impressions, clicks
    FROM fact_marketing_daily
    WHERE date BETWEEN {first:Date} AND {last:Date}
)
SELECT
    p.day AS day,
    p.date AS date,
    p.sales_source AS sales_source,
    p.show_id AS show_id,
    p.event_id AS event_id,
    p.event_name AS event_name,
    p.city AS city,
    p.show_date AS show_date,
    sum(p.tickets_sold) AS tickets_sold,
    sum(p.tickets_free) AS tickets_free,
    sum(p.tickets_refunded) AS tickets_refunded,
    sum(p.tickets_refunded_free) AS tickets_refunded_free,
    sum(p.tickets_removed) AS tickets_removed,
    sum(p.tickets_removed_free) AS tickets_removed_free,
    sum(p.revenue_rub) AS revenue_rub,
    sum(p.refunds_rub) AS refunds_rub,
    sum(p.spend_rub) AS spend_rub,
    sum(p.impressions) AS impressions,
    sum(p.clicks) AS clicks
FROM parts AS p
GROUP BY p.day, p.date, p.sales_source, p.show_id, p.event_id, p.event_name, p.city, p.show_date
