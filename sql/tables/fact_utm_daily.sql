-- What each UTM of a day says by itself: its channel, the city and the show its tag names. Sales and spend both read it
-- here, so both are understood by the same rules; which ad a sale is owed to is decided in fact_sales_attributed_daily.
-- A tag has no year, so it is read on its day: the show nearest to it.
-- grain: one row per (date, five UTM) seen in a sale or an ad on that day
-- day: date
CREATE TABLE IF NOT EXISTS fact_utm_daily
(
    date Date COMMENT 'День продажи или рекламы (Москва)',
    utm_source LowCardinality(String) COMMENT 'utm_source',
    utm_medium LowCardinality(String) COMMENT 'utm_medium',
    utm_campaign String COMMENT 'utm_campaign',
    utm_content String COMMENT 'utm_content',
    utm_term String COMMENT 'utm_term',
    channel_group LowCardinality(String) COMMENT 'Группа каналов; «без меток», «канал не определён»',
    source LowCardinality(String) COMMENT 'Рекламный кабинет канала: vk_ads, yandex_direct или «не указано»',
    tag_city LowCardinality(String) COMMENT 'Город из метки в едином написании, пусто если нет',
    tag_city_from LowCardinality(String) COMMENT 'Где он назван: content, medium или campaign',
    tag_city_raw String COMMENT 'Город в utm_content, как написан',
    tag_day UInt8 COMMENT 'День показа из метки, 0 если нет',
    tag_month UInt8 COMMENT 'Месяц показа из метки, 0 если нет',
    tag_year UInt16 COMMENT 'Год показа из метки, 0 если нет',
    tag_date_from LowCardinality(String) COMMENT 'Где названа дата: content или medium',
    tag_reason LowCardinality(String) COMMENT 'Почему utm_content не метка город_дд_мм; пусто, если метка',
    tag_show_date Nullable(Date) COMMENT 'День показа с годом, если utm_content — метка город_дд_мм',
    tag_shows UInt64 COMMENT 'Сколько показов в городе метки в этот день',
    _loaded_at DateTime('Europe/Moscow') COMMENT 'Когда построено',
    _ver UInt64 COMMENT 'Версия партиции: больше — новее',
    _run_id String COMMENT 'Запуск, который построил партицию'
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(date)
ORDER BY (date, utm_source, utm_medium, utm_campaign, utm_content, utm_term)
COMMENT 'Что говорит каждая метка дня';
