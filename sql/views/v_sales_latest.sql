-- Sales and refunds by day, show and city: the API where it has read further, mailed reports for what they name elsewhere.
-- Each amount stands on the day the money moved, and its channel is chosen for that day, city and measure: a refund known
-- to the API counts beside a mail that does not speak of refunds, and an outage's mail about one city leaves the others.
-- grain: one row per (date, show, city, sales_source); event_id and show_id are 0 where a mail does not name them
-- example: API read until 11:00, mail of 20:25 says 12 tickets: 12 from mail; API read to the end of the day: the API's
CREATE OR REPLACE VIEW v_sales_latest
(
    date Date COMMENT 'День продажи или возврата (Москва)',
    event_id UInt64 COMMENT 'Мероприятие QTickets; 0, если неизвестно',
    show_id UInt64 COMMENT 'Показ (сеанс) QTickets; 0, если неизвестен',
    event_name String COMMENT 'Название мероприятия',
    city LowCardinality(String) COMMENT 'Город мероприятия; «не указано», если неизвестен',
    city_name String COMMENT 'Город',
    tickets_sold Int64 COMMENT 'Продано билетов, включая бесплатные',
    tickets_paid Int64 COMMENT 'Продано платных билетов',
    tickets_free Int64 COMMENT 'Бесплатных билетов',
    tickets_refunded Int64 COMMENT 'Возвращено билетов',
    tickets_removed Int64 COMMENT 'Удалено билетов без возврата; письма их не называют',
    revenue_rub Float64 COMMENT 'Выручка, руб.',
    refunds_rub Float64 COMMENT 'Возвраты, руб.',
    net_revenue_rub Float64 COMMENT 'Выручка за вычетом возвратов, руб.',
    sales_source LowCardinality(String) COMMENT 'Откуда взята строка: api или mail',
    is_complete UInt8 COMMENT '1: день прочитан из API до конца',
    data_as_of DateTime('Europe/Moscow') COMMENT 'По какой момент известна строка'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS (
WITH summed AS
(
    SELECT
        f.date AS date,
        f.sales_source AS sales_source,
        f.event_id AS event_id,
        f.show_id AS show_id,
        f.event_name AS reported_name,
        f.city AS city,
        sum(f.tickets_sold) AS tickets_sold,
        sum(f.tickets_free) AS tickets_free,
        sum(f.tickets_refunded) AS tickets_refunded,
        sum(f.tickets_removed) AS tickets_removed,
        sum(f.revenue_rub) AS revenue_rub,
        sum(f.refunds_rub) AS refunds_rub,
        max(f.known_until) AS known_until,
        max(f.api_covered_until) AS api_covered_until
    FROM fact_sales_counted_daily AS f
    GROUP BY f.date, f.sales_source, f.event_id, f.show_id, f.event_name, f.city
    HAVING tickets_sold != 0 OR tickets_free != 0 OR tickets_refunded != 0 OR tickets_removed != 0
        OR revenue_rub != 0 OR refunds_rub != 0
)
SELECT
    s.date AS date,
    s.event_id AS event_id,
    s.show_id AS show_id,
    multiIf(
        ifNull(e.event_name, '') != '', ifNull(e.event_name, ''),
        s.reported_name != '', s.reported_name,
        'не указано') AS event_name,
    s.city AS city,
    if(ifNull(c.city_name, '') = '', CAST(s.city AS String), ifNull(c.city_name, '')) AS city_name,
    s.tickets_sold AS tickets_sold,
    s.tickets_sold - s.tickets_free AS tickets_paid,
    s.tickets_free AS tickets_free,
    s.tickets_refunded AS tickets_refunded,
    s.tickets_removed AS tickets_removed,
    toFloat64(s.revenue_rub) AS revenue_rub,
    toFloat64(s.refunds_rub) AS refunds_rub,
    toFloat64(s.revenue_rub - s.refunds_rub) AS net_revenue_rub,
    s.sales_source AS sales_source,
    toUInt8(ifNull(s.api_covered_until >= toDateTime(s.date + 1, 'Europe/Moscow'), 0)) AS is_complete,
    if(s.sales_source = 'mail', s.known_until, ifNull(s.api_covered_until, s.known_until)) AS data_as_of
FROM summed AS s
LEFT ANY JOIN (SELECT event_id, event_name FROM dim_events FINAL) AS e ON s.event_id = e.event_id
LEFT ANY JOIN (SELECT city, city_name FROM dim_cities FINAL) AS c ON s.city = c.city
)
COMMENT 'Продажи и возвраты: каждая величина из канала, который её знает'
