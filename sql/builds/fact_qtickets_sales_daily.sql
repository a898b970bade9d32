-- Sale lines of the API channel, each amount on the day it moved: sales, refunds and removals are separate rows.
-- day: sale_date
-- grain: one row per (sale_date, date, show, city, five UTM)
WITH lines AS
(
    SELECT *
    FROM stg_qtickets_sales_raw FINAL
    WHERE channel = 'api' AND sale_date BETWEEN {first:Date} AND {last:Date}
),
moved AS
(
    SELECT
        sale_date, sale_date AS date, event_id, show_id, city,
        utm_source, utm_medium, utm_campaign, utm_content, utm_term,
        order_lines AS orders, tickets AS tickets_sold, if(is_free = 1, tickets, 0) AS tickets_free,
        0 AS tickets_refunded, 0 AS tickets_removed,
        price_rub AS revenue_rub, toDecimal64(0, 2) AS refunds_rub, toDecimal64(0, 2) AS deduction_rub
    FROM lines
    WHERE is_removed = 0
    UNION ALL
    SELECT
        sale_date, assumeNotNull(refund_date) AS date, event_id, show_id, city,
        utm_source, utm_medium, utm_campaign, utm_content, utm_term,
        0 AS orders, 0 AS tickets_sold, 0 AS tickets_free, refunded_tickets AS tickets_refunded, 0 AS tickets_removed,
        toDecimal64(0, 2) AS revenue_rub, refunded_rub AS refunds_rub, deduction_rub
    FROM lines
    WHERE refund_date IS NOT NULL
    UNION ALL
    SELECT
        sale_date, assumeNotNull(removed_date) AS date, event_id, show_id, city,
        utm_source, utm_medium, utm_campaign, utm_content, utm_term,
        0 AS orders, 0 AS tickets_sold, 0 AS tickets_free, 0 AS tickets_refunded, tickets AS tickets_removed,
        toDecimal64(0, 2) AS revenue_rub, toDecimal64(0, 2) AS refunds_rub, toDecimal64(0, 2) AS deduction_rub
    FROM lines
    WHERE is_removed = 1
)
SELECT
    sale_date,
    date,
    event_id,
    show_id,
    if(city = '', 'не указано', city) AS city,
    utm_source,
    utm_medium,
    utm_campaign,
    utm_content,
    utm_term,
    sum(orders) AS orders,
    sum(tickets_sold) AS tickets_sold,
    sum(tickets_free) AS tickets_free,
    sum(tickets_refunded) AS tickets_refunded,
    sum(tickets_removed) AS tickets_removed,
    sum(revenue_rub) AS revenue_rub,
    sum(refunds_rub) AS refunds_rub,
    sum(deduction_rub) AS deduction_rub,
    now() AS _loaded_at
FROM moved
GROUP BY
    sale_date, date, event_id, show_id, city,
    utm_source, utm_medium, utm_campaign, utm_content, utm_term
