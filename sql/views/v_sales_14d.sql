-- The last fourteen days of v_sales_latest, today included (it is still running).
-- grain: one row per (date, show, city, sales_source), as in v_sales_latest
CREATE OR REPLACE VIEW v_sales_14d
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
    revenue_rub Float64 COMMENT 'Выручка, руб.',
    refunds_rub Float64 COMMENT 'Возвраты, руб.',
    net_revenue_rub Float64 COMMENT 'Выручка за вычетом возвратов, руб.',
    avg_ticket_rub Nullable(Float64) COMMENT 'Средний билет: выручка / платные билеты, руб.',
    sales_source LowCardinality(String) COMMENT 'Откуда взята строка: api или mail',
    is_complete UInt8 COMMENT '1: день прочитан из API до конца',
    data_as_of DateTime('Europe/Moscow') COMMENT 'По какой момент известна строка'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS (
SELECT
    s.date AS date,
    s.event_id AS event_id,
    s.show_id AS show_id,
    s.event_name AS event_name,
    s.city AS city,
    s.city_name AS city_name,
    s.tickets_sold AS tickets_sold,
    s.tickets_paid AS tickets_paid,
    s.tickets_free AS tickets_free,
    s.tickets_refunded AS tickets_refunded,
    s.revenue_rub AS revenue_rub,
    s.refunds_rub AS refunds_rub,
    s.net_revenue_rub AS net_revenue_rub,
    if(s.tickets_paid > 0, s.revenue_rub / s.tickets_paid, NULL) AS avg_ticket_rub,
    s.sales_source AS sales_source,
    s.is_complete AS is_complete,
    s.data_as_of AS data_as_of
FROM v_sales_latest AS s
WHERE s.date > toDate(now('Europe/Moscow')) - 14
)
COMMENT 'Продажи последних четырнадцати дней'
