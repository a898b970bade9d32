-- v_sales_curve from the facts alone, without what is added up for it.
WITH
fact_show_daily AS
(
    WITH parts AS
    (
        SELECT
            sale_date AS day, date, sales_source, show_id, event_id, event_name, city, CAST(NULL AS Nullable(Date)) AS show_date,
            tickets_sold, tickets_free, tickets_refunded, tickets_refunded_free, tickets_removed, tickets_removed_free,
            revenue_rub, refunds_rub,
            toDecimal64(0, 2) AS spend_rub, toInt64(0) AS impressions, toInt64(0) AS clicks
        FROM fact_sales_attributed_daily
        UNION ALL
        SELECT
            date AS day, date, '' AS sales_source, toUInt64(0) AS show_id, toUInt64(0) AS event_id, '' AS event_name, city, show_date,
            toUInt64(0) AS tickets_sold, toUInt64(0) AS tickets_free, toUInt64(0) AS tickets_refunded,
            toUInt64(0) AS tickets_refunded_free, toUInt64(0) AS tickets_removed, toUInt64(0) AS tickets_removed_free,
            toDecimal64(0, 2) AS revenue_rub, toDecimal64(0, 2) AS refunds_rub,
            spend_rub, impressions, clicks
        FROM fact_marketing_daily
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
),
shows AS
(
    SELECT show_id, event_id, event_name, if(city = '', 'не указано', CAST(city AS String)) AS city, show_date, is_deleted
    FROM dim_shows FINAL
),
seats AS
(
    SELECT f.show_id AS show_id, toInt64(argMax(f.seats_capacity, f.snapshot_date)) AS seats_capacity
    FROM fact_inventory_daily AS f
    GROUP BY f.show_id
),
capacities AS
(
    SELECT
        s.event_id AS event_id, s.city AS city, s.show_date AS show_date,
        sum(ifNull(p.seats_capacity, 0)) AS seats_capacity,
        countIf(ifNull(p.seats_capacity, 0) = 0) AS unmeasured
    FROM shows AS s
    LEFT ANY JOIN seats AS p ON s.show_id = p.show_id
    WHERE s.is_deleted = 0
    GROUP BY s.event_id, s.city, s.show_date
),
sold AS
(
    SELECT
        f.show_id AS show_id,
        CAST(f.city AS String) AS city,
        f.date AS date,
        sum(if((f.sales_source = 'mail') = (ifNull(t.mail_sales, 0) = 1), f.tickets_sold, 0)) AS tickets_sold,
        sum(if((f.sales_source = 'mail') = (ifNull(t.mail_free, 0) = 1), f.tickets_free, 0)) AS tickets_free,
        sum(if((f.sales_source = 'mail') = (ifNull(t.mail_refunded_tickets, 0) = 1), f.tickets_refunded, 0)) AS tickets_refunded,
        sum(if((f.sales_source = 'mail') = (ifNull(t.mail_sales, 0) = 1), f.revenue_rub, toDecimal64(0, 2)))
            - sum(if((f.sales_source = 'mail') = (ifNull(t.mail_refunds, 0) = 1), f.refunds_rub, toDecimal64(0, 2))) AS net_rub
    FROM fact_show_daily AS f
    LEFT ANY JOIN fact_sales_channel_daily AS t ON f.date = t.date AND f.city = t.city
    WHERE f.show_id > 0
    GROUP BY f.show_id, f.city, f.date
    HAVING tickets_sold != 0 OR tickets_free != 0 OR tickets_refunded != 0 OR net_rub != 0
),
-- The city is the sale's own, as in every other view.
days AS
(
    SELECT
        s.event_id AS event_id, d.city AS city, s.show_date AS show_date, d.date AS date,
        max(s.event_name) AS event_name,
        toInt64(sum(d.tickets_sold)) AS tickets_sold,
        toInt64(sum(d.tickets_free)) AS tickets_free,
        toInt64(sum(d.tickets_refunded)) AS tickets_refunded,
        sum(d.net_rub) AS net_rub
    FROM sold AS d
    INNER JOIN shows AS s ON d.show_id = s.show_id
    GROUP BY s.event_id, d.city, s.show_date, d.date
),
running AS
(
    SELECT
        d.*,
        sum(d.tickets_sold - d.tickets_refunded)
            OVER (PARTITION BY d.event_id, d.city, d.show_date ORDER BY d.date) AS tickets_running,
        sum(d.net_rub) OVER (PARTITION BY d.event_id, d.city, d.show_date ORDER BY d.date) AS net_running_rub,
        sum(d.tickets_sold) OVER (PARTITION BY d.event_id, d.city, d.show_date ORDER BY d.date) AS sold_running,
        sum(d.tickets_sold) OVER (PARTITION BY d.event_id, d.city, d.show_date) AS sold_total
    FROM days AS d
)
SELECT
    r.show_date AS show_date,
    CAST(r.city AS LowCardinality(String)) AS city,
    if(ifNull(c.city_name, '') = '', CAST(r.city AS String), ifNull(c.city_name, '')) AS city_name,
    r.event_id AS event_id,
    r.event_name AS event_name,
    toInt64(dateDiff('day', r.date, r.show_date)) AS days_to_show,
    r.date AS date,
    r.tickets_sold AS tickets_sold,
    r.tickets_sold - r.tickets_free AS tickets_paid,
    r.tickets_refunded AS tickets_refunded,
    toFloat64(r.net_rub) AS net_revenue_rub,
    r.tickets_running AS tickets_running,
    toFloat64(r.net_running_rub) AS net_revenue_running_rub,
    if(r.sold_total > 0, r.sold_running / r.sold_total * 100, NULL) AS sold_share_pct,
    toInt64(if(ifNull(h.unmeasured, 1) = 0, ifNull(h.seats_capacity, 0), 0)) AS capacity,
    if(ifNull(h.unmeasured, 1) = 0 AND ifNull(h.seats_capacity, 0) > 0,
        r.tickets_running / ifNull(h.seats_capacity, 0) * 100, NULL) AS sell_through_pct
FROM running AS r
LEFT ANY JOIN capacities AS h ON r.event_id = h.event_id AND r.city = h.city AND r.show_date = h.show_date
LEFT ANY JOIN (SELECT city, city_name FROM dim_cities FINAL) AS c ON r.city = c.city
