-- How each show sold, day by day, with its running totals; refunds count on their day. Tickets of unknown shows have no curve.
-- grain: one row per (event_id, city, show_date, date)
WITH
shows AS
(
    SELECT show_id, event_id, event_name, if(city = '', 'не указано', CAST(city AS String)) AS city, show_date, is_deleted
    FROM dim_shows FINAL
),
seats AS
(
    SELECT f.show_id AS show_id, toInt64(argMax(f.seats_capacity, f.month)) AS seats_capacity
    FROM fact_inventory_monthly AS f
    GROUP BY f.show_id
),
capacities AS
(
    SELECT
        s.event_id AS event_id, s.city AS city, s.show_date AS show_date,
        sum(ifNull(p.seats_capacity, 0)) AS seats_capacity,
        countIf(ifNull(p.seats_capacity, 0) > 0) = count() AS is_measured
    FROM shows AS s
    LEFT ANY JOIN seats AS p ON s.show_id = p.show_id
    WHERE s.is_deleted = 0
    GROUP BY s.event_id, s.city, s.show_date
),
-- The city is the sale's own, as in every other view.
days AS
(
    SELECT
        s.event_id AS event_id, CAST(d.city AS String) AS city, s.show_date AS show_date, d.date AS date,
        max(s.event_name) AS event_name,
        sum(d.tickets_sold) AS tickets_sold,
        sum(d.tickets_free) AS tickets_free,
        sum(d.tickets_refunded) AS tickets_refunded,
        sum(d.revenue_rub) - sum(d.refunds_rub) AS net_rub
    FROM fact_sales_counted_daily AS d
    INNER JOIN shows AS s ON d.show_id = s.show_id
    WHERE d.show_id > 0
    GROUP BY s.event_id, d.city, s.show_date, d.date
    HAVING tickets_sold != 0 OR tickets_free != 0 OR tickets_refunded != 0 OR net_rub != 0
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
    r.city AS city,
    r.event_id AS event_id,
    r.event_name AS event_name,
    r.date AS date,
    r.tickets_sold AS tickets_sold,
    r.tickets_free AS tickets_free,
    r.tickets_refunded AS tickets_refunded,
    r.net_rub AS net_rub,
    r.tickets_running AS tickets_running,
    r.net_running_rub AS net_running_rub,
    r.sold_running AS sold_running,
    r.sold_total AS sold_total,
    toInt64(if(ifNull(h.is_measured, 0) = 1, ifNull(h.seats_capacity, 0), 0)) AS capacity
FROM running AS r
LEFT ANY JOIN capacities AS h ON r.event_id = h.event_id AND r.city = h.city AND r.show_date = h.show_date
