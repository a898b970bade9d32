-- Paid tickets of each show day by calendar day, from the sales that count.
-- A ticket that was removed without a refund was sold on its day of sale and is taken back on the day of its removal.
-- grain: one row per (show_key, day)
WITH moves AS
(
    SELECT
        show_id, date AS day, tickets_sold - tickets_free - (tickets_refunded - tickets_refunded_free) AS paid,
        toFloat64(revenue_rub - refunds_rub) AS net_rub
    FROM v_sales_counted
    WHERE show_id > 0
    UNION ALL
    SELECT show_id, sale_date AS day, tickets_removed - tickets_removed_free AS paid, 0. AS net_rub
    FROM v_sales_counted
    WHERE show_id > 0 AND tickets_removed > 0
    UNION ALL
    SELECT show_id, date AS day, tickets_removed_free - tickets_removed AS paid, 0. AS net_rub
    FROM v_sales_counted
    WHERE show_id > 0 AND tickets_removed > 0
)
SELECT
    concat(toString(s.event_id), '|', if(s.city = '', 'не указано', s.city), '|', toString(s.show_date)) AS show_key,
    m.day AS day,
    sum(m.paid) AS paid,
    sum(m.net_rub) AS net_rub
FROM moves AS m
INNER JOIN (SELECT show_id, event_id, city, show_date FROM dim_shows FINAL) AS s ON m.show_id = s.show_id
GROUP BY show_key, day
HAVING paid != 0 OR net_rub != 0
