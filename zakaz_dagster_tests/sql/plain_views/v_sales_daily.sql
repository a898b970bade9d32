-- v_sales_daily from the facts alone, without what is added up for it.
WITH
summed AS
(
    SELECT
        s.date AS date,
        s.event_id AS event_id,
        s.event_name AS reported_name,
        s.city AS city,
        s.channel_group AS channel_group,
        s.sales_source AS sales_source,
        toInt64(sum(s.orders)) AS orders,
        toInt64(sum(s.orders_free)) AS orders_free,
        toInt64(sum(s.tickets_sold)) AS tickets_sold,
        toInt64(sum(s.tickets_free)) AS tickets_free,
        toInt64(sum(s.tickets_refunded)) AS tickets_refunded,
        toInt64(sum(s.tickets_removed)) AS tickets_removed,
        toFloat64(sum(s.revenue_rub)) AS revenue_rub,
        toFloat64(sum(s.refunds_rub)) AS refunds_rub,
        toFloat64(sum(s.deduction_rub)) AS deduction_rub,
        toFloat64(sum(s.revenue_rub) - sum(s.refunds_rub)) AS net_revenue_rub,
        min(s.as_of) AS as_of
    FROM v_sales_attributed AS s
    GROUP BY s.date, s.event_id, s.event_name, s.city, s.channel_group, s.sales_source
)
SELECT
    s.date AS date,
    s.event_id AS event_id,
    multiIf(
        ifNull(e.event_name, '') != '', ifNull(e.event_name, ''),
        s.reported_name != '', s.reported_name,
        'не указано') AS event_name,
    s.city AS city,
    if(ifNull(c.city_name, '') = '', CAST(s.city AS String), ifNull(c.city_name, '')) AS city_name,
    s.channel_group AS channel_group,
    s.sales_source AS sales_source,
    s.orders AS orders,
    s.orders_free AS orders_free,
    s.tickets_sold AS tickets_sold,
    s.tickets_sold - s.tickets_free AS tickets_paid,
    s.tickets_free AS tickets_free,
    s.tickets_refunded AS tickets_refunded,
    s.tickets_removed AS tickets_removed,
    s.revenue_rub AS revenue_rub,
    s.refunds_rub AS refunds_rub,
    s.deduction_rub AS deduction_rub,
    s.net_revenue_rub AS net_revenue_rub,
    if(s.tickets_sold > s.tickets_free, s.revenue_rub / (s.tickets_sold - s.tickets_free), NULL) AS avg_ticket_rub,
    if(s.revenue_rub > 0, s.refunds_rub / s.revenue_rub * 100, NULL) AS refund_share_pct,
    s.as_of AS data_as_of
FROM summed AS s
LEFT ANY JOIN (SELECT event_id, event_name FROM dim_events FINAL) AS e ON s.event_id = e.event_id
LEFT ANY JOIN (SELECT city, city_name FROM dim_cities FINAL) AS c ON s.city = c.city
