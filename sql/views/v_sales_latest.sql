-- Sales and refunds by day, show and city: the API where its day is complete, mailed reports elsewhere, never both.
-- Each amount stands on the day the money moved, and the channel is chosen for that day (v_sales_days): a refund known
-- to the API on a day that is taken from the mail is not added to what the mail says of that day.
-- grain: one row per (date, show, city); event_id and show_id are 0 where a mail does not name them
-- example: API read until 11:00, mail of 20:25 says 12 tickets: 12 from mail; API read to the end of the day: the API's
CREATE OR REPLACE VIEW v_sales_latest
(
    date Date COMMENT 'День продажи или возврата (Москва)',
    event_id UInt64 COMMENT 'Мероприятие QTickets; 0, если неизвестно',
    show_id UInt64 COMMENT 'Показ (сеанс) QTickets; 0, если неизвестен',
    event_name String COMMENT 'Название мероприятия',
    city LowCardinality(String) COMMENT 'Город мероприятия; «не указано», если неизвестен',
    tickets_sold Int64 COMMENT 'Продано билетов, включая бесплатные',
    tickets_paid Int64 COMMENT 'Продано платных билетов',
    tickets_free Int64 COMMENT 'Бесплатных билетов',
    tickets_refunded Int64 COMMENT 'Возвращено билетов',
    tickets_removed Int64 COMMENT 'Удалено билетов без возврата; письма их не называют',
    revenue_rub Float64 COMMENT 'Выручка, руб.',
    refunds_rub Float64 COMMENT 'Возвраты, руб.',
    net_revenue_rub Float64 COMMENT 'Выручка за вычетом возвратов, руб.',
    sales_source LowCardinality(String) COMMENT 'Откуда взят день: api или mail',
    is_complete UInt8 COMMENT '1: день прочитан из API до конца',
    data_as_of DateTime('Europe/Moscow') COMMENT 'По какой момент известен день'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS (
WITH
-- Events that one name in one city means; the same spelling rule as for comparing mails.
named AS
(
    SELECT
        trimBoth(replaceRegexpAll(translateUTF8(lowerUTF8(v.event_name), 'ё', 'е'), '[^\\p{L}\\p{N}]+', ' ')) AS name_key,
        v.city AS city,
        min(v.event_id) AS event_id
    FROM dim_events AS v FINAL
    WHERE v.is_deleted = 0
    GROUP BY name_key, city
    HAVING uniqExact(v.event_id) = 1
),
mailed AS
(
    SELECT
        sale_date AS date,
        event_id,
        show_id,
        event_name,
        city,
        tickets,
        is_free,
        refunded_tickets,
        price_rub,
        refunded_rub,
        _loaded_at,
        trimBoth(replaceRegexpAll(translateUTF8(lowerUTF8(event_name), 'ё', 'е'), '[^\\p{L}\\p{N}]+', ' ')) AS name_key
    FROM stg_qtickets_sales_raw FINAL
    WHERE channel = 'mail'
),
moves AS
(
    SELECT
        f.date AS date,
        'api' AS channel,
        f.event_id AS event_id,
        f.show_id AS show_id,
        '' AS reported_name,
        CAST(f.city AS String) AS city,
        toInt64(f.tickets_sold) AS tickets_sold,
        toInt64(f.tickets_free) AS tickets_free,
        toInt64(f.tickets_refunded) AS tickets_refunded,
        toInt64(f.tickets_removed) AS tickets_removed,
        f.revenue_rub AS revenue_rub,
        f.refunds_rub AS refunds_rub,
        f._loaded_at AS loaded_at
    FROM fact_qtickets_sales_daily AS f
    UNION ALL
    SELECT
        m.date AS date,
        'mail' AS channel,
        if(m.event_id > 0, m.event_id, ifNull(n.event_id, 0)) AS event_id,
        m.show_id AS show_id,
        m.event_name AS reported_name,
        if(m.city = '', 'не указано', CAST(m.city AS String)) AS city,
        toInt64(m.tickets) AS tickets_sold,
        if(m.is_free = 1, toInt64(m.tickets), 0) AS tickets_free,
        toInt64(m.refunded_tickets) AS tickets_refunded,
        toInt64(0) AS tickets_removed,
        m.price_rub AS revenue_rub,
        m.refunded_rub AS refunds_rub,
        m._loaded_at AS loaded_at
    FROM mailed AS m
    LEFT ANY JOIN named AS n ON m.name_key = n.name_key AND m.city = n.city
),
chosen AS
(
    SELECT
        s.date AS date,
        s.channel AS channel,
        s.event_id AS event_id,
        s.show_id AS show_id,
        if(s.event_id = 0, s.reported_name, '') AS unknown_name,
        s.city AS city,
        any(s.reported_name) AS reported_name,
        sum(s.tickets_sold) AS tickets_sold,
        sum(s.tickets_free) AS tickets_free,
        sum(s.tickets_refunded) AS tickets_refunded,
        sum(s.tickets_removed) AS tickets_removed,
        sum(s.revenue_rub) AS revenue_rub,
        sum(s.refunds_rub) AS refunds_rub,
        max(ifNull(d.is_complete, 0)) AS is_complete,
        max(if(ifNull(d.sales_source, '') = '', s.loaded_at, assumeNotNull(d.as_of))) AS as_of
    FROM moves AS s
    LEFT ANY JOIN v_sales_days AS d ON s.date = d.date
    WHERE s.channel = if(ifNull(d.sales_source, '') = '', 'api', CAST(assumeNotNull(d.sales_source) AS String))
    GROUP BY date, channel, event_id, show_id, unknown_name, city
)
SELECT
    c.date AS date,
    c.event_id AS event_id,
    c.show_id AS show_id,
    multiIf(
        ifNull(e.event_name, '') != '', ifNull(e.event_name, ''),
        c.reported_name != '', c.reported_name,
        'не указано') AS event_name,
    CAST(c.city AS LowCardinality(String)) AS city,
    c.tickets_sold AS tickets_sold,
    c.tickets_sold - c.tickets_free AS tickets_paid,
    c.tickets_free AS tickets_free,
    c.tickets_refunded AS tickets_refunded,
    c.tickets_removed AS tickets_removed,
    toFloat64(c.revenue_rub) AS revenue_rub,
    toFloat64(c.refunds_rub) AS refunds_rub,
    toFloat64(c.revenue_rub - c.refunds_rub) AS net_revenue_rub,
    CAST(c.channel AS LowCardinality(String)) AS sales_source,
    toUInt8(c.is_complete) AS is_complete,
    c.as_of AS data_as_of
FROM chosen AS c
LEFT ANY JOIN (SELECT event_id, event_name FROM dim_events FINAL) AS e ON c.event_id = e.event_id
)
COMMENT 'Продажи и возвраты: по каждому дню из одного канала'
