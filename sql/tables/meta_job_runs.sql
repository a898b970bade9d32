-- The audit of work: one row per attempt of a step, written when it fails as well.
-- grain: one row per (run_id, step, attempt); the newest _ver counts
-- versions: many (a line is added by each attempt)
CREATE TABLE IF NOT EXISTS meta_job_runs
(
    started_at DateTime('Europe/Moscow') COMMENT 'Начало попытки',
    finished_at Nullable(DateTime('Europe/Moscow')) COMMENT 'Конец попытки; пусто, пока идёт',
    run_id String COMMENT 'Запуск Dagster',
    job LowCardinality(String) COMMENT 'Задание',
    step LowCardinality(String) COMMENT 'Шаг',
    assets String COMMENT 'Таблицы и представления шага, через запятую',
    days String COMMENT 'День или дни, за которые шла работа',
    attempt UInt16 COMMENT 'Попытка, с 1',
    status LowCardinality(String) COMMENT 'success, failure, canceled или running',
    rows_received UInt64 COMMENT 'Записей получено',
    rows_accepted UInt64 COMMENT 'Записей принято',
    rows_rejected UInt64 COMMENT 'Записей отложено',
    rows_written UInt64 COMMENT 'Строк записано',
    requests UInt64 COMMENT 'Запросов к источнику',
    bytes UInt64 COMMENT 'Байт получено',
    retries UInt64 COMMENT 'Повторов запросов',
    source_version LowCardinality(String) COMMENT 'Версия кода',
    error_class LowCardinality(String) COMMENT 'Вид ошибки; пусто, если её нет',
    error String COMMENT 'Что случилось и что делать, без секретов и персональных данных',
    _ver UInt64 COMMENT 'Версия строки: больше — новее'
)
ENGINE = ReplacingMergeTree(_ver)
PARTITION BY toYYYYMM(started_at)
ORDER BY (started_at, run_id, step, attempt)
COMMENT 'Журнал работ: попытки шагов';
