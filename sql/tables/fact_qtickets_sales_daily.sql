-- Sales and refunds as each channel tells them, each amount on its own day, with the city, event and show they belong to.
-- Both channels are here: read v_sales_attributed or v_sales_latest, which choose between them.
-- This is the one place where names are resolved: a sale's event and city are those of its ticket's show as known now,
-- else those of the order's event; a mail's by its numbers, else by name and city.
-- grain: one row per (sale_date, date, sales_source, event, show, city, five UTM); sale_date is the day of the sale that
--        caused the row, date the day the money moved: equal for sales, the refund's or removal's day otherwise
-- day: sale_date
-- identity: sum(revenue_rub) = sum(price_rub) of stg_qtickets_sales_raw where not is_removed
CREATE TABLE IF NOT EXISTS fact_qtickets_sales_daily
(
    sale_date Date COMMENT 'День продажи, к которой относится строка (Москва)',
    date Date COMMENT 'День события: продажи, возврата или удаления (Москва)',
    sales_source LowCardinality(String) COMMENT 'Канал данных: api или mail',
    event_id UInt64 COMMENT 'Мероприятие QTickets, 0 если неизвестно',
    event_name String COMMENT 'Название из отчёта, если мероприятие неизвестно; иначе пусто',
    event_key String COMMENT 'Название из отчёта для сравнения; у API пусто',
    show_id UInt64 COMMENT 'Показ (сеанс) QTickets, 0 если неизвестен',
    city LowCardinality(String) COMMENT 'Город (ключ); «не указано», если неизвестен',
    utm_source LowCardinality(String) COMMENT 'utm_source',
    utm_medium LowCardinality(String) COMMENT 'utm_medium',
    utm_campaign String COMMENT 'utm_campaign',
    utm_content String COMMENT 'utm_content',
    utm_term String COMMENT 'utm_term',
    orders UInt64 COMMENT 'Оплачено заказов, включая бесплатные; письма их не называют',
    orders_free UInt64 COMMENT 'Из них заказов, где все билеты бесплатные',
    tickets_sold UInt64 COMMENT 'Продано билетов, включая бесплатные',
    tickets_free UInt64 COMMENT 'Из них бесплатных',
    tickets_refunded UInt64 COMMENT 'Возвращено билетов',
    tickets_refunded_free UInt64 COMMENT 'Из возвращённых бесплатных',
    tickets_removed UInt64 COMMENT 'Удалено билетов без возврата; письма их не называют',
    tickets_removed_free UInt64 COMMENT 'Из удалённых бесплатных',
    revenue_rub Decimal(18, 2) COMMENT 'Выручка, руб.',
    refunds_rub Decimal(18, 2) COMMENT 'Возвраты, руб.',
    deduction_rub Decimal(18, 2) COMMENT 'Удержано при возвратах, руб.; письма этого не называют',
    says_free UInt8 COMMENT '1: источник называет бесплатные билеты',
    says_refunded_tickets UInt8 COMMENT '1: источник называет возвращённые билеты',
    says_refunds UInt8 COMMENT '1: источник называет сумму возвратов',
    as_of DateTime('Europe/Moscow') COMMENT 'По какой момент известны данные дня',
    _loaded_at DateTime('Europe/Moscow') COMMENT 'Когда построено',
    _ver UInt64 COMMENT 'Версия партиции: больше — новее',
    _run_id String COMMENT 'Запуск, который построил партицию'
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(sale_date)
ORDER BY (date, city, show_id)
COMMENT 'Продажи и возвраты обоих каналов по дням';
