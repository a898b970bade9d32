-- Backups, checks of them, drills and restores: one row per attempt, written when it fails as well.
-- grain: one row per (started_at, kind, name)
-- versions: many (a line is added by each attempt)
CREATE TABLE IF NOT EXISTS meta_backup_runs
(
    started_at DateTime('Europe/Moscow') COMMENT 'Начало',
    kind LowCardinality(String) COMMENT 'full, incremental, verify, drill или restore',
    name String COMMENT 'Имя копии',
    base String COMMENT 'Полная копия, на которой стоит добавочная',
    destination LowCardinality(String) COMMENT 'Где лежит',
    status LowCardinality(String) COMMENT 'success или failure',
    seconds Float64 COMMENT 'Длительность, с',
    bytes UInt64 COMMENT 'Байт в копии',
    tables UInt32 COMMENT 'Таблиц',
    rows UInt64 COMMENT 'Строк',
    run_id String COMMENT 'Запуск Dagster; пусто, если из командной строки',
    error String COMMENT 'Что не так и что делать',
    _ver UInt64 COMMENT 'Версия строки: больше — новее'
)
ENGINE = ReplacingMergeTree(_ver)
PARTITION BY toYear(started_at)
ORDER BY (started_at, kind, name)
COMMENT 'Журнал резервных копий';
