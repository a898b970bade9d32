-- Every spelling of a city, its key and its name for people; the content is sql/seeds/city_aliases.csv.
-- grain: one row per alias; every city's own name is one of its aliases
-- seed: city_aliases
CREATE TABLE IF NOT EXISTS dim_city_alias
(
    alias String COMMENT 'Написание в нормальной форме: строчные буквы, «ё» как «е», без знаков и «г.»',
    city LowCardinality(String) COMMENT 'Город (ключ)',
    display String COMMENT 'Название города для людей',
    _ver UInt64 COMMENT 'Версия таблицы: больше — новее'
)
ENGINE = ReplacingMergeTree
ORDER BY alias
COMMENT 'Написания городов';
