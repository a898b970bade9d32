-- Paid tickets of each show day by calendar day: sold on the day of sale, taken back on the day of refund or removal.
-- A day without a movement has no row; what was sold stays on its day whatever is removed later.
-- group: decisions
-- grain: one row per (show_key, day); rebuilt whole once a day
CREATE TABLE IF NOT EXISTS forecast_curve
(
    show_key String COMMENT 'Ключ показа: мероприятие|город|дата',
    day Date COMMENT 'День продажи, возврата или удаления (Москва)',
    paid Int64 COMMENT 'Платных билетов: продано минус возвращено и удалено в этот день',
    net_rub Float64 COMMENT 'Выручка за вычетом возвратов этого дня, руб.',
    _loaded_at DateTime('Europe/Moscow') COMMENT 'Когда построено',
    _ver UInt64 COMMENT 'Версия таблицы: больше — новее',
    _run_id String COMMENT 'Запуск, который построил таблицу'
)
ENGINE = MergeTree
ORDER BY (show_key, day)
COMMENT 'Кривые платных билетов';
