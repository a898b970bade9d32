-- Which day of which fact was built from its inputs as they stood at which moment. What changed later is still to be built.
-- grain: one row per (fact, day); the newest _ver counts
-- versions: many (a line is added by each build)
CREATE TABLE IF NOT EXISTS meta_day_builds
(
    fact LowCardinality(String) COMMENT 'Таблица фактов',
    day Date COMMENT 'День данных (Москва)',
    inputs UInt64 COMMENT 'Отпечаток запроса и справочников, по которым построено; 0: день ждёт пересчёта',
    reason LowCardinality(String) COMMENT 'Почему день ждёт пересчёта; пусто, если построен',
    content UInt64 COMMENT 'Отпечаток строк дня: пересчёт, который ничего не изменил, не тянет за собой другие',
    _recorded_ns UInt64 COMMENT 'С какого момента (нс) в таблице стоят именно эти строки дня',
    _ver UInt64 COMMENT 'Момент (нс), на который прочитаны исходные данные: больше — новее',
    _run_id String COMMENT 'Запуск, который построил день'
)
ENGINE = ReplacingMergeTree(_ver)
ORDER BY (fact, day)
COMMENT 'Журнал построенных дней';
