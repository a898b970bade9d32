INSERT INTO fact_qtickets_sales_daily (
    sale_date, date, sales_source, event_id, show_id, city, utm_source, utm_medium, utm_campaign, utm_content, orders, tickets_sold,
    tickets_free, tickets_refunded, revenue_rub, refunds_rub, as_of, _loaded_at)
SELECT
    sale_date, date, sales_source, event_id, show_id, city, utm_source, utm_medium, utm_campaign, utm_content, orders, tickets_sold,
    tickets_free, tickets_refunded, revenue_rub, refunds_rub, as_of, _loaded_at
FROM fact_sales_attributed_daily
WHERE sale_date BETWEEN {first:Date} + {begin:UInt64} AND {first:Date} + {begin:UInt64} + {length:UInt64} - 1
