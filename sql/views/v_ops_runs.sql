-- The audit of work as people read it: attempts of steps, how long they took, what they moved, why they failed.
-- grain: one row per attempt of a step
CREATE OR REPLACE VIEW v_ops_runs
(
    date Date COMMENT 'День начала (Москва)',
    started_at DateTime('Europe/Moscow') COMMENT 'Начало попытки',
    finished_at Nullable(DateTime('Europe/Moscow')) COMMENT 'Конец попытки; пусто, пока идёт',
    job LowCardinality(String) COMMENT 'Задание',
    step LowCardinality(String) COMMENT 'Шаг',
    assets String COMMENT 'Таблицы и представления шага',
    days String COMMENT 'День или дни, за которые шла работа',
    run_id String COMMENT 'Запуск Dagster',
    attempt Int64 COMMENT 'Попытка, с 1',
    status LowCardinality(String) COMMENT 'success, failure, canceled или running',
    status_name LowCardinality(String) COMMENT 'Итог: успешно, ошибка, отменено или идёт',
    runs Int64 COMMENT 'Попыток: всегда 1, для сумм',
    failures Int64 COMMENT '1: попытка закончилась ошибкой',
    duration_seconds Nullable(Float64) COMMENT 'Длительность, секунд',
    rows_received Int64 COMMENT 'Записей получено',
    rows_accepted Int64 COMMENT 'Записей принято',
    rows_rejected Int64 COMMENT 'Записей отложено',
    rows_written Int64 COMMENT 'Строк записано',
    requests Int64 COMMENT 'Запросов к источнику',
    bytes Int64 COMMENT 'Байт получено',
    retries Int64 COMMENT 'Повторов запросов',
    source_version LowCardinality(String) COMMENT 'Версия кода',
    error_class LowCardinality(String) COMMENT 'Вид ошибки; «нет», если её не было',
    error String COMMENT 'Что случилось и что делать'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS (
SELECT
    toDate(r.started_at, 'Europe/Moscow') AS date,
    r.started_at AS started_at,
    r.finished_at AS finished_at,
    r.job AS job,
    r.step AS step,
    r.assets AS assets,
    r.days AS days,
    r.run_id AS run_id,
    toInt64(r.attempt) AS attempt,
    r.status AS status,
    CAST(transform(CAST(r.status AS String), ['success', 'failure', 'canceled', 'running'],
        ['успешно', 'ошибка', 'отменено', 'идёт'], 'неизвестно') AS LowCardinality(String)) AS status_name,
    toInt64(1) AS runs,
    toInt64(r.status = 'failure') AS failures,
    toFloat64(dateDiff('second', r.started_at, r.finished_at)) AS duration_seconds,
    toInt64(r.rows_received) AS rows_received,
    toInt64(r.rows_accepted) AS rows_accepted,
    toInt64(r.rows_rejected) AS rows_rejected,
    toInt64(r.rows_written) AS rows_written,
    toInt64(r.requests) AS requests,
    toInt64(r.bytes) AS bytes,
    toInt64(r.retries) AS retries,
    r.source_version AS source_version,
    CAST(if(r.error_class = '', 'нет', r.error_class) AS LowCardinality(String)) AS error_class,
    r.error AS error
FROM meta_job_runs AS r FINAL
)
COMMENT 'Журнал работ'
