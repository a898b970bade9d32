-- Sales that count by the day the money moved: rows are those of v_sales_attributed, added up.
-- A refund is read on its own day, whatever day its ticket was sold on.
-- day: date
-- loads: qtickets
-- grain: one row per (date, sales_source, event, show, city, channel_group, match_level) of which something counts
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
counted AS
(
    SELECT
        c.date AS date, c.sales_source AS sales_source, c.event_id AS event_id, c.event_name AS event_name,
        if(c.event_id > 0, '', c.event_key) AS event_key, c.show_id AS show_id, c.city AS city,
        c.channel_group AS channel_group, c.match_level AS match_level, c.utm_problem AS utm_problem,
        toInt64(c.orders) AS orders, toInt64(c.orders_free) AS orders_free,
        if(c.has_sales, toInt64(c.tickets_sold), 0) AS tickets_sold,
        if(c.has_free, toInt64(c.tickets_free), 0) AS tickets_free,
        if(c.has_refunded_tickets, toInt64(c.tickets_refunded), 0) AS tickets_refunded,
        toInt64(c.tickets_removed) AS tickets_removed,
        if(c.has_sales, c.revenue_rub, toDecimal64(0, 2)) AS revenue_rub,
        if(c.has_refunds, c.refunds_rub, toDecimal64(0, 2)) AS refunds_rub,
        c.deduction_rub AS deduction_rub,
        c.as_of AS as_of
    FROM chosen AS c
    WHERE c.orders != 0 OR c.tickets_removed != 0 OR c.deduction_rub != 0
        OR (c.has_sales AND (c.tickets_sold != 0 OR c.revenue_rub != 0)) OR (c.has_free AND c.tickets_free != 0)
        OR (c.has_refunded_tickets AND c.tickets_refunded != 0) OR (c.has_refunds AND c.refunds_rub != 0)
),
loads AS
(
    SELECT day, toNullable(covered_until) AS covered_until
    FROM meta_day_loads FINAL
    WHERE source = 'qtickets' AND day BETWEEN {first:Date} AND {last:Date}
),
summed AS
(
    SELECT
        c.date AS date, c.sales_source AS sales_source, c.event_id AS event_id, c.event_name AS event_name,
        c.event_key AS event_key, c.show_id AS show_id, c.city AS city, c.channel_group AS channel_group,
        c.match_level AS match_level,
        sum(c.orders) AS orders,
        sum(c.orders_free) AS orders_free,
        sum(c.tickets_sold) AS tickets_sold,
        sum(c.tickets_free) AS tickets_free,
        sum(c.tickets_refunded) AS tickets_refunded,
        sum(c.tickets_removed) AS tickets_removed,
        sum(c.revenue_rub) AS revenue_rub,
        sum(c.refunds_rub) AS refunds_rub,
        sum(c.deduction_rub) AS deduction_rub,
        sumIf(c.revenue_rub, c.utm_problem != '') AS unmapped_revenue_rub,
        min(c.as_of) AS known_from,
        max(c.as_of) AS known_until
    FROM counted AS c
    GROUP BY
        c.date, c.sales_source, c.event_id, c.event_name, c.event_key, c.show_id, c.city, c.channel_group, c.match_level
)
SELECT
    s.date AS date,
    s.sales_source AS sales_source,
    s.event_id AS event_id,
    s.event_name AS event_name,
    s.event_key AS event_key,
    s.show_id AS show_id,
    s.city AS city,
    s.channel_group AS channel_group,
    s.match_level AS match_level,
    s.orders AS orders,
    s.orders_free AS orders_free,
    s.tickets_sold AS tickets_sold,
    s.tickets_free AS tickets_free,
    s.tickets_refunded AS tickets_refunded,
    s.tickets_removed AS tickets_removed,
    s.revenue_rub AS revenue_rub,
    s.refunds_rub AS refunds_rub,
    s.deduction_rub AS deduction_rub,
    s.unmapped_revenue_rub AS unmapped_revenue_rub,
    s.known_from AS known_from,
    s.known_until AS known_until,
    l.covered_until AS api_covered_until
FROM summed AS s
LEFT ANY JOIN loads AS l ON s.date = l.day
