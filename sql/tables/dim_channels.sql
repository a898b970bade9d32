-- Which channel a click's utm_source and utm_medium mean; the content is sql/seeds/channels.csv.
-- The pair counts first, then the source with any medium ('*'), then the medium with any source.
-- grain: one row per (utm_source, utm_medium), both in lower case
-- seed: channels
CREATE TABLE IF NOT EXISTS dim_channels
(
    utm_source LowCardinality(String) COMMENT 'utm_source строчными буквами; * — любой',
    utm_medium LowCardinality(String) COMMENT 'utm_medium строчными буквами; * — любой',
    channel_group LowCardinality(String) COMMENT 'Группа каналов, как её видят на дашборде',
    source LowCardinality(String) COMMENT 'Рекламный кабинет: vk_ads, yandex_direct или пусто, если расхода нет',
    _ver UInt64 COMMENT 'Версия таблицы: больше — новее'
)
ENGINE = ReplacingMergeTree
ORDER BY (utm_source, utm_medium)
COMMENT 'Каналы по utm_source и utm_medium';
