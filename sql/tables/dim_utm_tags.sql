-- What each distinct tag says about a city and a show: read once, by the parser of the platform, and joined by the facts.
-- Another parser or list of cities reads every tag again. Rows are appended: the newest version of a row counts (FINAL).
-- grain: one row per (utm_source, utm_medium, utm_campaign, utm_content)
-- versions: many (each load adds the tags it brought)
CREATE TABLE IF NOT EXISTS dim_utm_tags
(
    utm_source String COMMENT 'utm_source',
    utm_medium String COMMENT 'utm_medium',
    utm_campaign String COMMENT 'utm_campaign',
    utm_content String COMMENT 'utm_content',
    city LowCardinality(String) COMMENT 'Город метки в едином написании; пусто, если его нет',
    city_from LowCardinality(String) COMMENT 'Где он назван: content, medium или campaign',
    city_raw String COMMENT 'Город в utm_content, как написан',
    day UInt8 COMMENT 'День показа, 0 если не назван',
    month UInt8 COMMENT 'Месяц показа, 0 если не назван',
    year UInt16 COMMENT 'Год показа, 0 если не назван',
    date_from LowCardinality(String) COMMENT 'Где назван день: content или medium',
    reason LowCardinality(String) COMMENT 'Почему utm_content не метка город_дд_мм; пусто, если метка',
    parser LowCardinality(String) COMMENT 'Версия разбора: меняется с правилами и списком городов',
    _loaded_at DateTime('Europe/Moscow') COMMENT 'Когда разобрано',
    _ver UInt64 COMMENT 'Версия строки: больше — новее',
    _run_id String COMMENT 'Запуск, который разобрал метку'
)
ENGINE = ReplacingMergeTree(_ver)
ORDER BY (utm_source, utm_medium, utm_campaign, utm_content)
COMMENT 'Словарь разобранных меток';
