-- Sale lines of both channels, each amount on the day it moved, with the city, event and show they belong to.
-- day: sale_date
-- grain: one row per (sale_date, date, sales_source, event, show, city, five UTM)
-- The city and event of a sale are those of its ticket's show as the catalogue knows it now; where the show is unknown,
-- those of the order's event. A mail names shows and events by number or in words: in words, the one live event of that
-- name in that city (in the whole catalogue, if the mail names no city) is meant.
WITH
shows AS
(
    SELECT show_id, event_id FROM dim_shows FINAL
),
events AS
(
    SELECT event_id, city, event_key, is_deleted FROM dim_events FINAL
),
named AS
(
    SELECT e.event_key AS event_key, e.city AS city, min(e.event_id) AS event_id
    FROM events AS e
    WHERE e.is_deleted = 0 AND e.event_key != '' AND e.city != ''
    GROUP BY e.event_key, e.city
    HAVING uniqExact(e.event_id) = 1
),
named_once AS
(
    SELECT e.event_key AS event_key, min(e.event_id) AS event_id
    FROM events AS e
    WHERE e.is_deleted = 0 AND e.event_key != ''
    GROUP BY e.event_key
    HAVING uniqExact(e.event_id) = 1
),
lines AS
(
    SELECT
        s.*,
        tuple(s.utm_source, s.utm_medium, s.utm_campaign, s.utm_content, s.utm_term) AS utm,
        maxIf(s.price_rub, s.is_removed = 0)
            OVER (PARTITION BY s.channel, s.sale_date, if(s.order_id = 0, s.line_id, toString(s.order_id))) AS dearest_rub
    FROM stg_qtickets_sales_raw AS s FINAL
    WHERE s.sale_date BETWEEN {first:Date} AND {last:Date}
),
loads AS
(
    SELECT day, covered_until
    FROM meta_day_loads FINAL
    WHERE source = 'qtickets' AND day BETWEEN {first:Date} AND {last:Date}
),
spelt AS
(
    SELECT
        l.*,
        if(a.city = '', l.city_key, CAST(a.city AS String)) AS own_city,
        if(l.channel = 'api', if(d.covered_until > toDateTime(0), d.covered_until, l._loaded_at),
            ifNull(l.reported_at, l._loaded_at)) AS known_until
    FROM lines AS l
    LEFT ANY JOIN (SELECT alias, city FROM dim_city_alias FINAL) AS a ON l.city_key = a.alias
    LEFT ANY JOIN loads AS d ON l.sale_date = d.day
),
meant AS
(
    SELECT
        p.*,
        multiIf(
            s.event_id > 0, s.event_id,
            p.event_id > 0, p.event_id,
            n.event_id > 0, n.event_id,
            p.own_city = '', o.event_id,
            0) AS known_event
    FROM spelt AS p
    LEFT ANY JOIN shows AS s ON p.show_id = s.show_id
    LEFT ANY JOIN named AS n ON p.event_key = n.event_key AND p.own_city = n.city
    LEFT ANY JOIN named_once AS o ON p.event_key = o.event_key
),
placed AS
(
    SELECT
        m.*,
        multiIf(e.city != '', CAST(e.city AS String), m.own_city != '', m.own_city, 'не указано') AS known_city
    FROM meant AS m
    LEFT ANY JOIN (SELECT event_id, city FROM events) AS e ON m.known_event = e.event_id
),
-- Each line moves once when it is sold (1), refunded (2) or removed without a refund (3); one that was taken out of its
-- order before it was paid does not move.
moves AS
(
    SELECT
        p.sale_date AS sale_date,
        multiIf(move = 1, p.sale_date, move = 2, ifNull(p.refund_date, p.sale_date), ifNull(p.removed_date, p.sale_date)) AS date,
        p.channel AS sales_source,
        p.known_event AS event_id,
        if(p.known_event = 0, p.event_name, '') AS event_name,
        p.event_key AS event_key,
        p.show_id AS show_id,
        p.known_city AS city,
        p.utm AS utm,
        if(move = 1, p.order_lines, 0) AS orders,
        if(move = 1 AND p.dearest_rub = 0, p.order_lines, 0) AS orders_free,
        if(move = 1, p.tickets, 0) AS tickets_sold,
        if(move = 1 AND p.is_free = 1, p.tickets, 0) AS tickets_free,
        if(move = 2, p.refunded_tickets, 0) AS tickets_refunded,
        if(move = 2 AND p.is_free = 1, p.refunded_tickets, 0) AS tickets_refunded_free,
        if(move = 3, p.tickets, 0) AS tickets_removed,
        if(move = 3 AND p.is_free = 1, p.tickets, 0) AS tickets_removed_free,
        if(move = 1, p.price_rub, 0) AS revenue_rub,
        if(move = 2, p.refunded_rub, 0) AS refunds_rub,
        if(move = 2, p.deduction_rub, 0) AS deduction_rub,
        p.says_free AS says_free,
        p.says_refunded_tickets AS says_refunded_tickets,
        p.says_refunds AS says_refunds,
        p.known_until AS known_until
    FROM placed AS p
    ARRAY JOIN [1, 2, 3] AS move
    WHERE (move = 1 AND p.is_removed = 0) OR (move = 2 AND p.refund_date IS NOT NULL) OR (move = 3 AND p.removed_date IS NOT NULL)
)
SELECT
    m.sale_date AS sale_date,
    m.date AS date,
    m.sales_source AS sales_source,
    m.event_id AS event_id,
    m.event_name AS event_name,
    m.event_key AS event_key,
    m.show_id AS show_id,
    m.city AS city,
    m.utm.1 AS utm_source,
    m.utm.2 AS utm_medium,
    m.utm.3 AS utm_campaign,
    m.utm.4 AS utm_content,
    m.utm.5 AS utm_term,
    sum(m.orders) AS orders,
    sum(m.orders_free) AS orders_free,
    sum(m.tickets_sold) AS tickets_sold,
    sum(m.tickets_free) AS tickets_free,
    sum(m.tickets_refunded) AS tickets_refunded,
    sum(m.tickets_refunded_free) AS tickets_refunded_free,
    sum(m.tickets_removed) AS tickets_removed,
    sum(m.tickets_removed_free) AS tickets_removed_free,
    sum(m.revenue_rub) AS revenue_rub,
    sum(m.refunds_rub) AS refunds_rub,
    sum(m.deduction_rub) AS deduction_rub,
    max(m.says_free) AS says_free,
    max(m.says_refunded_tickets) AS says_refunded_tickets,
    max(m.says_refunds) AS says_refunds,
    max(m.known_until) AS as_of
FROM moves AS m
GROUP BY
    sale_date, date, sales_source, event_id, event_name, event_key, show_id, city,
    utm_source, utm_medium, utm_campaign, utm_content, utm_term
