-- Where sales are taken from: what mailed reports say about a day and city, and which of its measures count from the mail.
-- A statement says what it says: its cities and its measures. The API wins where it has read further; what a mail does not
-- name stays the API's. A mail that names no city speaks of every city of its day.
-- A day leaves the mail only when the API's rows are in the fact from which counted sales are taken.
-- grain: one row per (date, city) that a mail speaks of
-- day: date
CREATE TABLE IF NOT EXISTS fact_sales_channel_daily
(
    date Date COMMENT 'День продажи (Москва)',
    city LowCardinality(String) COMMENT 'Город (ключ)',
    mail_sales UInt8 COMMENT '1: продажи города за день берутся из письма',
    mail_free UInt8 COMMENT '1: и бесплатные билеты',
    mail_refunded_tickets UInt8 COMMENT '1: и возвращённые билеты',
    mail_refunds UInt8 COMMENT '1: и сумма возвратов',
    mail_as_of DateTime('Europe/Moscow') COMMENT 'Время письма, на которое известен город',
    api_covered_until DateTime('Europe/Moscow') COMMENT 'До какого момента прочитан API; 1970 год, если не читался',
    _loaded_at DateTime('Europe/Moscow') COMMENT 'Когда построено',
    _ver UInt64 COMMENT 'Версия партиции: больше — новее',
    _run_id String COMMENT 'Запуск, который построил партицию'
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(date)
ORDER BY (date, city)
COMMENT 'Канал данных продаж по дням и городам';
