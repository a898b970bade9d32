INSERT INTO stg_qtickets_sales_raw (
    channel, sale_date, line_id, order_id, order_lines, sold_at, event_id, show_id, tickets, price_rub,
    original_price_rub, is_free, refund_date, refunded_tickets, refunded_rub, utm_source, utm_medium, utm_campaign,
    utm_content, _loaded_at, _ver)
SELECT
    'api' AS channel,
    {first:Date} + intDiv(number, 700) AS sale_date,
    toString(number) AS line_id,
    number AS order_id,
    1 AS order_lines,
    toDateTime(sale_date) + 40000 AS sold_at,
    number % 60 + 1 AS event_id,
    number % 60 + 1 AS show_id,
    1 AS tickets,
    if(number % 2, 0, number % 30 * 100) AS price_rub,
    price_rub AS original_price_rub,
    price_rub = 0 AS is_free,
    if(number % 33 = 0, sale_date + 1, NULL) AS refund_date,
    number % 33 = 0 AS refunded_tickets,
    if(number % 33 = 0, price_rub, 0) AS refunded_rub,
    if(number % 4, 'yandex', '') AS utm_source,
    if(number % 4, 'cpc', '') AS utm_medium,
    if(number % 4, toString(number % 100 + 1), '') AS utm_campaign,
    if(number % 4, toString(number % 300 + 1), '') AS utm_content,
    sold_at AS _loaded_at,
    1 AS _ver
FROM numbers({days:UInt64} * 700)
