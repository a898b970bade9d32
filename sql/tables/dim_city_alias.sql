-- Every spelling of a city and its one name; the content is sql/seeds/city_aliases.csv.
-- grain: one row per alias
-- seed: city_aliases
CREATE TABLE IF NOT EXISTS dim_city_alias
(
    alias String COMMENT 'Написание: строчные буквы, «ё» как «е», дефисы и пробелы едины',
    city LowCardinality(String) COMMENT 'Город',
    _ver UInt64 COMMENT 'Версия таблицы: больше — новее'
)
ENGINE = ReplacingMergeTree
ORDER BY alias
COMMENT 'Написания городов';
