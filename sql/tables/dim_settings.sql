-- Numbers the business decides: thresholds, windows, shares; the content is sql/seeds/settings.csv.
-- grain: one row per key
-- seed: settings
CREATE TABLE IF NOT EXISTS dim_settings
(
    key LowCardinality(String) COMMENT 'Имя настройки',
    value Float64 COMMENT 'Значение',
    unit LowCardinality(String) COMMENT 'Единица',
    meaning String COMMENT 'Что она решает',
    _ver UInt64 COMMENT 'Версия таблицы: больше — новее'
)
ENGINE = ReplacingMergeTree
ORDER BY key
COMMENT 'Настройки отчётов';
