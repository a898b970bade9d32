-- The mail channel's rows of stg_qtickets_sales_raw: for each day, what the newest mail about it states.
-- target: stg_qtickets_sales_raw, channel = 'mail'
-- day: sale_date
-- grain: one row per line of the statements that hold; its free tickets are a row of their own
-- Which statements hold depends on the set of known mails alone, not on when or in which order they were loaded:
--   a statement (what one mail says about one day) gives way to a newer one that speaks of any of the same shows;
--   newer is later by mail time; a forwarded report is no newer than the report it repeats;
--   statements that have no show in common stand beside each other (a mail per city).
-- Shows are compared by what both statements name in every line: show id, else event id or name, city, date, time.
-- example: 09:00 «Шоу, Томск 10», 15:00 «Шоу, Томск 12», 16:00 forward of the first one: the day has 12.
WITH
read_by AS
(
    SELECT message_id, max(_ver) AS ver
    FROM stg_gmail_messages
    WHERE part = ''
    GROUP BY message_id
),
lines AS
(
    SELECT line.*, if(alias.city = '', line.city_key, CAST(alias.city AS String)) AS city
    FROM (SELECT * FROM stg_gmail_sales_raw FINAL WHERE sale_date IN {days:Array(Date)} AND reason = '') AS line
    INNER JOIN read_by ON read_by.message_id = line.message_id AND read_by.ver = line._ver
    LEFT ANY JOIN (SELECT alias, city FROM dim_city_alias FINAL) AS alias ON line.city_key = alias.alias
),
said AS
(
    SELECT
        sale_date,
        statement,
        any(is_forward) AS forwarded,
        any(digest) AS content,
        any(stated_ms) AS said_ms,
        min(show_id) > 0 AS has_show,
        min(event_id) > 0 AS has_event,
        min(event_key != '') AS has_name,
        min(city != '') AS has_city,
        min(show_date IS NOT NULL) AS has_date,
        min(show_time != '') AS has_time
    FROM lines
    GROUP BY sale_date, statement
),
timed AS
(
    SELECT *, if(forwarded = 1, min(said_ms) OVER (PARTITION BY sale_date, content), said_ms) AS moment
    FROM said
),
pairs AS
(
    SELECT
        older.sale_date AS sale_date,
        older.statement AS older_statement,
        newer.statement AS newer_statement,
        older.has_show AND newer.has_show AS by_show,
        NOT by_show AND older.has_event AND newer.has_event AS by_event,
        NOT by_show AND NOT by_event AND older.has_name AND newer.has_name AS by_name,
        NOT by_show AND older.has_city AND newer.has_city AS by_city,
        NOT by_show AND older.has_date AND newer.has_date AS by_date,
        NOT by_show AND older.has_time AND newer.has_time AS by_time
    FROM timed AS older
    INNER JOIN timed AS newer ON newer.sale_date = older.sale_date
    WHERE (newer.moment, newer.statement) > (older.moment, older.statement)
),
keyed AS
(
    SELECT
        pairs.sale_date AS sale_date,
        pairs.older_statement AS older_statement,
        pairs.newer_statement AS newer_statement,
        side,
        (
            if(by_show, line.show_id, 0),
            if(by_event, line.event_id, 0),
            if(by_name, line.event_key, ''),
            if(by_city, line.city, ''),
            if(by_date, toString(line.show_date), ''),
            if(by_time, line.show_time, '')
        ) AS about
    FROM pairs
    ARRAY JOIN ['older', 'newer'] AS side
    INNER JOIN lines AS line
        ON line.sale_date = pairs.sale_date
        AND line.statement = if(side = 'older', pairs.older_statement, pairs.newer_statement)
),
superseded AS
(
    SELECT sale_date, older_statement AS statement
    FROM keyed
    GROUP BY sale_date, older_statement, newer_statement, about
    HAVING uniqExact(side) = 2
),
holding AS
(
    SELECT *
    FROM lines
    WHERE (sale_date, statement) NOT IN (SELECT sale_date, statement FROM superseded)
)
SELECT
    'mail' AS channel,
    sale_date,
    concat(statement, ':', toString(line_no), if(kind = 'free', ':free', '')) AS line_id,
    toUInt64(0) AS order_id,
    toUInt32(0) AS order_lines,
    toDateTime(sale_date, 'Europe/Moscow') AS sold_at,
    event_id,
    show_id,
    event_name,
    event_key,
    city_raw,
    city_key,
    if(kind = 'free', ifNull(holding.tickets_free, 0), holding.tickets - ifNull(holding.tickets_free, 0)) AS tickets,
    if(kind = 'free', toDecimal64(0, 2), holding.revenue_rub) AS price_rub,
    price_rub AS original_price_rub,
    toUInt8(kind = 'free' OR (holding.tickets > 0 AND holding.revenue_rub = 0)) AS is_free,
    toUInt8(0) AS is_removed,
    CAST(NULL, 'Nullable(Date)') AS removed_date,
    if(kind = 'paid' AND (ifNull(holding.refunds_rub, 0) != 0 OR ifNull(holding.refunded_tickets, 0) != 0), sale_date, NULL) AS refund_date,
    if(kind = 'paid', ifNull(holding.refunded_tickets, 0), 0) AS refunded_tickets,
    if(kind = 'paid', ifNull(holding.refunds_rub, toDecimal64(0, 2)), toDecimal64(0, 2)) AS refunded_rub,
    toDecimal64(0, 2) AS deduction_rub,
    toUInt8(holding.tickets_free IS NOT NULL) AS says_free,
    toUInt8(holding.refunded_tickets IS NOT NULL) AS says_refunded_tickets,
    toUInt8(holding.refunds_rub IS NOT NULL) AS says_refunds,
    '' AS utm_source,
    '' AS utm_medium,
    '' AS utm_campaign,
    '' AS utm_content,
    '' AS utm_term,
    '' AS client_hash,
    CAST(stated_at, 'Nullable(DateTime(\'Europe/Moscow\'))') AS reported_at
FROM holding
ARRAY JOIN if(ifNull(holding.tickets_free, 0) > 0, ['paid', 'free'], ['paid']) AS kind
ORDER BY sale_date, line_id
