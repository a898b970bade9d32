-- Records that could not become rows, with the reason; nothing is dropped silently.
-- grain: one row per rejected record
-- day: day
-- writer: source
CREATE TABLE IF NOT EXISTS stg_rejects
(
    source LowCardinality(String) COMMENT 'Источник',
    day Date COMMENT 'День данных (Москва)',
    reason String COMMENT 'Почему запись отложена',
    place String COMMENT 'Где она в ответе источника',
    payload String COMMENT 'Запись без персональных данных',
    _loaded_at DateTime('Europe/Moscow') COMMENT 'Когда загружено',
    _ver UInt64 COMMENT 'Версия строки: больше — новее',
    _run_id String COMMENT 'Запуск, который загрузил строку'
)
ENGINE = ReplacingMergeTree(_ver)
PARTITION BY (source, day)
ORDER BY (source, day, place, reason)
COMMENT 'Отложенные записи с причинами';
