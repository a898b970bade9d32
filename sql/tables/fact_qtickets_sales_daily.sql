-- Sales and refunds of the API channel, each on its own day.
-- grain: one row per (sale_date, date, show, city, five UTM); sale_date is the day of the sale that caused the row,
--        date the day the money moved: equal for sales, the refund's or removal's day otherwise
-- day: sale_date
-- identity: sum(revenue_rub) = sum(price_rub) of stg_qtickets_sales_raw where not is_removed
CREATE TABLE IF NOT EXISTS fact_qtickets_sales_daily
(
    sale_date Date COMMENT 'День продажи, к которой относится строка (Москва)',
    date Date COMMENT 'День события: продажи, возврата или удаления (Москва)',
    event_id UInt64 COMMENT 'Мероприятие QTickets',
    show_id UInt64 COMMENT 'Показ (сеанс) QTickets',
    city LowCardinality(String) COMMENT 'Город; «не указано», если неизвестен',
    utm_source LowCardinality(String) COMMENT 'utm_source',
    utm_medium LowCardinality(String) COMMENT 'utm_medium',
    utm_campaign String COMMENT 'utm_campaign',
    utm_content String COMMENT 'utm_content',
    utm_term String COMMENT 'utm_term',
    orders UInt64 COMMENT 'Оплачено заказов',
    tickets_sold UInt64 COMMENT 'Продано билетов, включая бесплатные',
    tickets_free UInt64 COMMENT 'Из них бесплатных',
    tickets_refunded UInt64 COMMENT 'Возвращено билетов',
    tickets_removed UInt64 COMMENT 'Удалено билетов без возврата',
    revenue_rub Decimal(18, 2) COMMENT 'Выручка, руб.',
    refunds_rub Decimal(18, 2) COMMENT 'Возвраты, руб.',
    deduction_rub Decimal(18, 2) COMMENT 'Удержано при возвратах, руб.',
    _loaded_at DateTime('Europe/Moscow') COMMENT 'Когда построено',
    _ver UInt64 COMMENT 'Версия партиции: больше — новее',
    _run_id String COMMENT 'Запуск, который построил партицию'
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(sale_date)
ORDER BY (date, city, show_id)
COMMENT 'Продажи и возвраты по дням';
