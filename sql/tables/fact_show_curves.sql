-- How each show sold as its day came near, as v_sales_curve shows it.
-- grain: one row per (event_id, city, show_date, date)
-- whole: each build makes it anew, from every day
CREATE TABLE IF NOT EXISTS fact_show_curves
(
    show_date Date COMMENT 'День показа на площадке',
    city LowCardinality(String) COMMENT 'Город продажи; «не указано», если неизвестен',
    event_id UInt64 COMMENT 'Мероприятие QTickets',
    event_name String COMMENT 'Название мероприятия',
    date Date COMMENT 'День продажи или возврата (Москва)',
    tickets_sold Int64 COMMENT 'Продано билетов, включая бесплатные',
    tickets_free Int64 COMMENT 'Из них бесплатных',
    tickets_refunded Int64 COMMENT 'Возвращено билетов',
    net_rub Decimal(18, 2) COMMENT 'Выручка за вычетом возвратов, руб.',
    tickets_running Int64 COMMENT 'Продано минус возвращено к концу дня',
    net_running_rub Decimal(18, 2) COMMENT 'Выручка за вычетом возвратов к концу дня, руб.',
    sold_running Int64 COMMENT 'Продано к концу дня',
    sold_total Int64 COMMENT 'Продано за всё время',
    capacity Int64 COMMENT 'Вместимость сеансов этого дня; 0, если неизвестна',
    _loaded_at DateTime('Europe/Moscow') COMMENT 'Когда построено',
    _ver UInt64 COMMENT 'Версия таблицы: больше — новее',
    _run_id String COMMENT 'Запуск, который построил таблицу'
)
ENGINE = MergeTree
ORDER BY (show_date, city, event_id, date)
COMMENT 'Кривые продаж показов';
