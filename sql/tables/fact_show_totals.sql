-- Shows over their whole life, as v_show_performance shows them: what was sold, how full they are, what advertising cost.
-- Names, settings and the calendar of today are applied where it is read.
-- grain: one row per (show_date, city, event_id, reported_name)
-- whole: each build makes it anew, from every day
-- identity: sum(spend_rub) = that of fact_marketing_daily, sum(revenue_rub) = that of v_sales_attributed
CREATE TABLE IF NOT EXISTS fact_show_totals
(
    show_date Nullable(Date) COMMENT 'День показа на площадке; пусто, если продажа или расход не называют показ',
    city LowCardinality(String) COMMENT 'Город; «не указано», если неизвестен',
    event_id UInt64 COMMENT 'Мероприятие QTickets; 0, если неизвестно или их несколько',
    reported_name String COMMENT 'Название из отчёта, если мероприятие неизвестно; иначе пусто',
    event_name String COMMENT 'Название мероприятия показа; пусто, если показа нет в афише',
    shows Int64 COMMENT 'Сеансов в этот день',
    cancelled Int64 COMMENT 'Отменённых сеансов',
    finish_date Date COMMENT 'Последний день показа; 1970 год, если показа нет в афише',
    is_ambiguous Int64 COMMENT '1: день принадлежит нескольким мероприятиям',
    capacity Int64 COMMENT 'Вместимость сеансов: места, открытые к продаже, проданные и в брони',
    measured Int64 COMMENT 'Сеансов, вместимость которых известна',
    tickets_sold Int64 COMMENT 'Продано билетов, включая бесплатные',
    tickets_free Int64 COMMENT 'Из них бесплатных',
    tickets_refunded Int64 COMMENT 'Возвращено билетов',
    revenue_rub Decimal(18, 2) COMMENT 'Выручка, руб.',
    refunds_rub Decimal(18, 2) COMMENT 'Возвраты, руб.',
    spend_rub Decimal(18, 2) COMMENT 'Расход с НДС на рекламу показа, руб.',
    impressions Int64 COMMENT 'Показы рекламы',
    clicks Int64 COMMENT 'Клики',
    _loaded_at DateTime('Europe/Moscow') COMMENT 'Когда построено',
    _ver UInt64 COMMENT 'Версия таблицы: больше — новее',
    _run_id String COMMENT 'Запуск, который построил таблицу'
)
ENGINE = MergeTree
ORDER BY (city, event_id)
COMMENT 'Показы за всё время';
