-- Sales and spend by show and day, for pages about shows: they look at a show's whole life, not at a period.
-- Sales belong to the show of their ticket, spend to the city and day its tag names (show_id 0; the event is looked up where
-- it is read, because shows move). Sales of both channels are here, as in fact_sales_attributed_daily.
-- grain: one row per (day, date, sales_source, show, event, city, show_date); day is the sale's or the advertising's day,
--        date the day the money moved
-- day: day
-- identity: sum(spend_rub) = that of fact_marketing_daily, sum(revenue_rub) = that of fact_sales_attributed_daily
CREATE TABLE IF NOT EXISTS fact_show_daily
(
    day Date COMMENT 'День продажи или рекламы (Москва)',
    date Date COMMENT 'День события: продажи, возврата, удаления или рекламы (Москва)',
    sales_source LowCardinality(String) COMMENT 'Канал данных продаж: api или mail; пусто у расхода',
    show_id UInt64 COMMENT 'Показ (сеанс) QTickets, 0 если неизвестно; у расхода 0',
    event_id UInt64 COMMENT 'Мероприятие QTickets, 0 если неизвестно; у расхода 0',
    event_name String COMMENT 'Название из отчёта, если мероприятие неизвестно; иначе пусто',
    city LowCardinality(String) COMMENT 'Город мероприятия или рекламы; «не указано», если неизвестен',
    show_date Nullable(Date) COMMENT 'День рекламируемого показа из метки; пусто у продаж',
    tickets_sold UInt64 COMMENT 'Продано билетов, включая бесплатные',
    tickets_free UInt64 COMMENT 'Из них бесплатных',
    tickets_refunded UInt64 COMMENT 'Возвращено билетов',
    tickets_refunded_free UInt64 COMMENT 'Из возвращённых бесплатных',
    tickets_removed UInt64 COMMENT 'Удалено билетов без возврата',
    tickets_removed_free UInt64 COMMENT 'Из удалённых бесплатных',
    revenue_rub Decimal(18, 2) COMMENT 'Выручка, руб.',
    refunds_rub Decimal(18, 2) COMMENT 'Возвраты, руб.',
    spend_rub Decimal(18, 2) COMMENT 'Расход с НДС, руб.',
    impressions Int64 COMMENT 'Показы рекламы',
    clicks Int64 COMMENT 'Клики',
    _loaded_at DateTime('Europe/Moscow') COMMENT 'Когда построено',
    _ver UInt64 COMMENT 'Версия партиции: больше — новее',
    _run_id String COMMENT 'Запуск, который построил партицию'
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(day)
ORDER BY (show_id, city, date)
COMMENT 'Продажи и расход по показам и дням';
