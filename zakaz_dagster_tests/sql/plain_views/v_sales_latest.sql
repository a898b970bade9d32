-- v_sales_latest from the facts alone, without what is added up for it.
WITH summed AS
(
    SELECT
        s.date AS date,
        s.sales_source AS sales_source,
        s.event_id AS event_id,
        s.show_id AS show_id,
        s.event_name AS reported_name,
        s.city AS city,
        sum(s.tickets_sold) AS tickets_sold,
        sum(s.tickets_free) AS tickets_free,
        sum(s.tickets_refunded) AS tickets_refunded,
        sum(s.tickets_removed) AS tickets_removed,
        sum(s.revenue_rub) AS revenue_rub,
        sum(s.refunds_rub) AS refunds_rub,
        max(s.as_of) AS as_of
    FROM v_sales_counted AS s
    GROUP BY s.date, s.sales_source, s.event_id, s.show_id, s.event_name, s.city
    HAVING tickets_sold != 0 OR tickets_free != 0 OR tickets_refunded != 0 OR tickets_removed != 0
        OR revenue_rub != 0 OR refunds_rub != 0
)
SELECT
    s.date AS date,
    s.event_id AS event_id,
    s.show_id AS show_id,
    multiIf(
        ifNull(e.event_name, '') != '', ifNull(e.event_name, ''),
        s.reported_name != '', s.reported_name,
        'не указано') AS event_name,
    s.city AS city,
    if(ifNull(c.city_name, '') = '', CAST(s.city AS String), ifNull(c.city_name, '')) AS city_name,
    s.tickets_sold AS tickets_sold,
    s.tickets_sold - s.tickets_free AS tickets_paid,
    s.tickets_free AS tickets_free,
    s.tickets_refunded AS tickets_refunded,
    s.tickets_removed AS tickets_removed,
    toFloat64(s.revenue_rub) AS revenue_rub,
    toFloat64(s.refunds_rub) AS refunds_rub,
    toFloat64(s.revenue_rub - s.refunds_rub) AS net_revenue_rub,
    s.sales_source AS sales_source,
    toUInt8(ifNull(d.is_complete, 0)) AS is_complete,
    if(s.sales_source = 'mail', s.as_of, ifNull(d.api_covered_until, s.as_of)) AS data_as_of
FROM summed AS s
LEFT ANY JOIN v_sales_days AS d ON s.date = d.date
LEFT ANY JOIN (SELECT event_id, event_name FROM dim_events FINAL) AS e ON s.event_id = e.event_id
LEFT ANY JOIN (SELECT city, city_name FROM dim_cities FINAL) AS c ON s.city = c.city
