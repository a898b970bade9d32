-- The ledger of days: what was received, accepted and rejected at the last load of each source's day.
-- grain: one row per (source, day); the newest _ver counts
-- versions: many (a line is added by each load)
CREATE TABLE IF NOT EXISTS meta_day_loads
(
    source LowCardinality(String) COMMENT 'Источник',
    day Date COMMENT 'День данных (Москва)',
    covered_until DateTime('Europe/Moscow') COMMENT 'До какого момента спрошен источник',
    received UInt64 COMMENT 'Записей получено',
    accepted UInt64 COMMENT 'Записей принято',
    rejected UInt64 COMMENT 'Записей отложено',
    rows_written UInt64 COMMENT 'Строк записано во все таблицы дня',
    totals String COMMENT 'Контрольные суммы, JSON',
    _recorded_ns UInt64 COMMENT 'Момент записи в журнал (нс): после него день стоит в таблицах',
    _loaded_at DateTime('Europe/Moscow') COMMENT 'Когда загружено',
    _ver UInt64 COMMENT 'Версия строки: больше — новее',
    _run_id String COMMENT 'Запуск, который загрузил строку'
)
ENGINE = ReplacingMergeTree(_ver)
ORDER BY (source, day)
COMMENT 'Журнал загруженных дней';
