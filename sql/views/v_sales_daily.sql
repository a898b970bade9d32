-- Sales, refunds and removals by day, event, city and channel; each amount on the day the money moved.
-- grain: one row per (date, event_id, event_name, city, channel_group, sales_source)
-- example: 10 tickets, 4 of them free, 3000 roubles -> average ticket 500; a refund of 500 next day is a row of its own
CREATE OR REPLACE VIEW v_sales_daily
(
    date Date COMMENT 'День продажи, возврата или удаления (Москва)',
    event_id UInt64 COMMENT 'Мероприятие QTickets; 0, если неизвестно',
    event_name String COMMENT 'Название мероприятия',
    city LowCardinality(String) COMMENT 'Город мероприятия; «не указано», если неизвестен',
    city_name String COMMENT 'Город',
    channel_group LowCardinality(String) COMMENT 'Группа каналов, которой обязана продажа',
    sales_source LowCardinality(String) COMMENT 'Откуда взяты продажи: api или mail',
    orders Int64 COMMENT 'Оплачено заказов, включая бесплатные',
    orders_free Int64 COMMENT 'Из них бесплатных',
    tickets_sold Int64 COMMENT 'Продано билетов, включая бесплатные',
    tickets_paid Int64 COMMENT 'Продано платных билетов',
    tickets_free Int64 COMMENT 'Бесплатных билетов',
    tickets_refunded Int64 COMMENT 'Возвращено билетов',
    tickets_removed Int64 COMMENT 'Удалено билетов без возврата',
    revenue_rub Float64 COMMENT 'Выручка, руб.',
    refunds_rub Float64 COMMENT 'Возвраты, руб.',
    deduction_rub Float64 COMMENT 'Удержано при возвратах, руб.; остаётся доходом',
    net_revenue_rub Float64 COMMENT 'Выручка за вычетом возвратов, руб.',
    avg_ticket_rub Nullable(Float64) COMMENT 'Средний билет: выручка / платные билеты, руб.',
    refund_share_pct Nullable(Float64) COMMENT 'Возвраты / выручка, %',
    data_as_of DateTime('Europe/Moscow') COMMENT 'По какой момент известны данные строки'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS (
WITH
summed AS
(
    SELECT
        s.date AS date,
        s.event_id AS event_id,
        s.event_name AS reported_name,
        s.city AS city,
        s.channel_group AS channel_group,
        s.sales_source AS sales_source,
        toInt64(sum(s.orders)) AS orders,
        toInt64(sum(s.orders_free)) AS orders_free,
        toInt64(sum(s.tickets_sold)) AS tickets_sold,
        toInt64(sum(s.tickets_free)) AS tickets_free,
        toInt64(sum(s.tickets_refunded)) AS tickets_refunded,
        toInt64(sum(s.tickets_removed)) AS tickets_removed,
        toFloat64(sum(s.revenue_rub)) AS revenue_rub,
        toFloat64(sum(s.refunds_rub)) AS refunds_rub,
        toFloat64(sum(s.deduction_rub)) AS deduction_rub,
        toFloat64(sum(s.revenue_rub) - sum(s.refunds_rub)) AS net_revenue_rub,
        min(s.known_from) AS as_of
    FROM fact_sales_counted_daily AS s
    GROUP BY s.date, s.event_id, s.event_name, s.city, s.channel_group, s.sales_source
)
SELECT
    s.date AS date,
    s.event_id AS event_id,
    multiIf(
        ifNull(e.event_name, '') != '', ifNull(e.event_name, ''),
        s.reported_name != '', s.reported_name,
        'не указано') AS event_name,
    s.city AS city,
    if(ifNull(c.city_name, '') = '', CAST(s.city AS String), ifNull(c.city_name, '')) AS city_name,
    s.channel_group AS channel_group,
    s.sales_source AS sales_source,
    s.orders AS orders,
    s.orders_free AS orders_free,
    s.tickets_sold AS tickets_sold,
    s.tickets_sold - s.tickets_free AS tickets_paid,
    s.tickets_free AS tickets_free,
    s.tickets_refunded AS tickets_refunded,
    s.tickets_removed AS tickets_removed,
    s.revenue_rub AS revenue_rub,
    s.refunds_rub AS refunds_rub,
    s.deduction_rub AS deduction_rub,
    s.net_revenue_rub AS net_revenue_rub,
    if(s.tickets_sold > s.tickets_free, s.revenue_rub / (s.tickets_sold - s.tickets_free), NULL) AS avg_ticket_rub,
    if(s.revenue_rub > 0, s.refunds_rub / s.revenue_rub * 100, NULL) AS refund_share_pct,
    s.as_of AS data_as_of
FROM summed AS s
LEFT ANY JOIN (SELECT event_id, event_name FROM dim_events FINAL) AS e ON s.event_id = e.event_id
LEFT ANY JOIN (SELECT city, city_name FROM dim_cities FINAL) AS c ON s.city = c.city
)
COMMENT 'Продажи и возвраты по дням, мероприятиям, городам и каналам'
