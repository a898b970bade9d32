-- Sales, refunds and removals that count: every measure of a day and city from the channel that knows it
-- (fact_sales_channel_daily). Orders, removals and deductions are the API's alone: mails do not name them.
-- grain: that of fact_qtickets_sales_daily; rows of which nothing counts are left out
CREATE OR REPLACE VIEW v_sales_counted
(
    sale_date Date COMMENT 'День продажи, к которой относится строка (Москва)',
    date Date COMMENT 'День события: продажи, возврата или удаления (Москва)',
    sales_source LowCardinality(String) COMMENT 'Канал данных: api или mail',
    event_id UInt64 COMMENT 'Мероприятие QTickets, 0 если неизвестно',
    event_name String COMMENT 'Название из отчёта, если мероприятие неизвестно; иначе пусто',
    event_key String COMMENT 'Название из отчёта для сравнения; у API пусто',
    show_id UInt64 COMMENT 'Показ (сеанс) QTickets, 0 если неизвестен',
    city LowCardinality(String) COMMENT 'Город (ключ); «не указано», если неизвестен',
    orders Int64 COMMENT 'Оплачено заказов, включая бесплатные',
    tickets_sold Int64 COMMENT 'Продано билетов, включая бесплатные',
    tickets_free Int64 COMMENT 'Из них бесплатных',
    tickets_refunded Int64 COMMENT 'Возвращено билетов',
    tickets_refunded_free Int64 COMMENT 'Из возвращённых бесплатных; почта их не называет',
    tickets_removed Int64 COMMENT 'Удалено билетов без возврата',
    tickets_removed_free Int64 COMMENT 'Из удалённых бесплатных',
    revenue_rub Decimal(18, 2) COMMENT 'Выручка, руб.',
    refunds_rub Decimal(18, 2) COMMENT 'Возвраты, руб.',
    deduction_rub Decimal(18, 2) COMMENT 'Удержано при возвратах, руб.',
    as_of DateTime('Europe/Moscow') COMMENT 'По какой момент известны данные дня'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS (
WITH
chosen AS
(
    SELECT
        f.sale_date AS sale_date, f.date AS date, f.sales_source AS sales_source, f.event_id AS event_id,
        f.event_name AS event_name, f.event_key AS event_key, f.show_id AS show_id, f.city AS city,
        toInt64(f.orders) AS orders,
        if((f.sales_source = 'mail') = (ifNull(t.mail_sales, 0) = 1), toInt64(f.tickets_sold), 0) AS tickets_sold,
        if((f.sales_source = 'mail') = (ifNull(t.mail_free, 0) = 1), toInt64(f.tickets_free), 0) AS tickets_free,
        if((f.sales_source = 'mail') = (ifNull(t.mail_refunded_tickets, 0) = 1), toInt64(f.tickets_refunded), 0) AS tickets_refunded,
        if((f.sales_source = 'mail') = (ifNull(t.mail_refunded_tickets, 0) = 1), toInt64(f.tickets_refunded_free), 0) AS tickets_refunded_free,
        toInt64(f.tickets_removed) AS tickets_removed,
        toInt64(f.tickets_removed_free) AS tickets_removed_free,
        if((f.sales_source = 'mail') = (ifNull(t.mail_sales, 0) = 1), f.revenue_rub, toDecimal64(0, 2)) AS revenue_rub,
        if((f.sales_source = 'mail') = (ifNull(t.mail_refunds, 0) = 1), f.refunds_rub, toDecimal64(0, 2)) AS refunds_rub,
        f.deduction_rub AS deduction_rub,
        f.as_of AS as_of
    FROM fact_qtickets_sales_daily AS f
    LEFT ANY JOIN fact_sales_channel_daily AS t ON f.date = t.date AND f.city = t.city
)
SELECT
    c.sale_date AS sale_date,
    c.date AS date,
    c.sales_source AS sales_source,
    c.event_id AS event_id,
    c.event_name AS event_name,
    c.event_key AS event_key,
    c.show_id AS show_id,
    c.city AS city,
    c.orders AS orders,
    c.tickets_sold AS tickets_sold,
    c.tickets_free AS tickets_free,
    c.tickets_refunded AS tickets_refunded,
    c.tickets_refunded_free AS tickets_refunded_free,
    c.tickets_removed AS tickets_removed,
    c.tickets_removed_free AS tickets_removed_free,
    c.revenue_rub AS revenue_rub,
    c.refunds_rub AS refunds_rub,
    c.deduction_rub AS deduction_rub,
    c.as_of AS as_of
FROM chosen AS c
WHERE c.orders != 0 OR c.tickets_sold != 0 OR c.tickets_free != 0 OR c.tickets_refunded != 0 OR c.tickets_removed != 0
    OR c.revenue_rub != 0 OR c.refunds_rub != 0 OR c.deduction_rub != 0
)
COMMENT 'Продажи, которые считаются'
