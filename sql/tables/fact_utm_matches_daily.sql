-- Which ad or campaign each UTM of a day's sales names: the rungs ad, campaign and utm of the ladder (docs/metrics.md).
-- A UTM that names none has a row, too, so that a missing row means a build that was left out.
-- grain: one row per (date, five UTM) of a sale of that day
-- day: date
CREATE TABLE IF NOT EXISTS fact_utm_matches_daily
(
    date Date COMMENT 'День продажи (Москва)',
    utm_source LowCardinality(String) COMMENT 'utm_source',
    utm_medium LowCardinality(String) COMMENT 'utm_medium',
    utm_campaign String COMMENT 'utm_campaign',
    utm_content String COMMENT 'utm_content',
    utm_term String COMMENT 'utm_term',
    rung LowCardinality(String) COMMENT 'Ступень: ad, campaign или utm; пусто, если ни одна не подошла',
    source LowCardinality(String) COMMENT 'Рекламный кабинет найденной рекламы; пусто, если её нет',
    account LowCardinality(String) COMMENT 'Кабинет или логин найденной рекламы',
    campaign_id UInt64 COMMENT 'Найденная кампания, 0 если нет',
    campaign_name String COMMENT 'Её название',
    ad_group_id UInt64 COMMENT 'Найденная группа объявлений, 0 если нет',
    ad_group_name String COMMENT 'Её название',
    ad_id UInt64 COMMENT 'Найденное объявление, 0 если нет',
    campaigns_sharing UInt64 COMMENT 'Сколько кампаний шлют эту UTM-метку целиком: больше одной — кампания не определена',
    _loaded_at DateTime('Europe/Moscow') COMMENT 'Когда построено',
    _ver UInt64 COMMENT 'Версия строки: больше — новее',
    _run_id String COMMENT 'Запуск, который построил строку'
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(date)
ORDER BY (date, utm_source, utm_medium, utm_campaign, utm_content, utm_term)
COMMENT 'Реклама, которую называет метка продажи';
