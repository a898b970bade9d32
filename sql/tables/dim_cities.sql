-- Every city that a fact may name, with its name for people: those of the seed, and the unknown ones under their own name.
-- grain: one row per city; rebuilt whole
CREATE TABLE IF NOT EXISTS dim_cities
(
    city LowCardinality(String) COMMENT 'Город (ключ)',
    city_name String COMMENT 'Город, как его пишут',
    is_known UInt8 COMMENT '1: город есть в sql/seeds/city_aliases.csv',
    _loaded_at DateTime('Europe/Moscow') COMMENT 'Когда построено',
    _ver UInt64 COMMENT 'Версия таблицы: больше — новее',
    _run_id String COMMENT 'Запуск, который построил таблицу'
)
ENGINE = ReplacingMergeTree(_ver)
ORDER BY city
COMMENT 'Города и их названия';
