-- Advertising of Яндекс.Директ by ad and day.
-- Rows that Direct gives several times under one key are summed: campaigns of the wizard («Мастер кампаний») name neither
-- group nor ad. A figure Direct leaves out (`--`) adds nothing; conversions keep the difference between none and unknown.
-- Clicks may exceed impressions by a little: an impression at 23:59 can be clicked at 00:01.
-- grain: one row per (date, account, campaign_id, ad_group_id, ad_id, network)
-- day: date
-- source: yandex_direct
CREATE TABLE IF NOT EXISTS fact_direct_daily
(
    date Date COMMENT 'День показа рекламы (Москва)',
    account LowCardinality(String) COMMENT 'Логин клиента Директа',
    campaign_id UInt64 COMMENT 'Кампания',
    campaign_name String COMMENT 'Название кампании',
    ad_group_id UInt64 COMMENT 'Группа объявлений; 0, если не названа',
    ad_group_name String COMMENT 'Название группы',
    ad_id UInt64 COMMENT 'Объявление; 0, если Директ его не назвал',
    network LowCardinality(String) COMMENT 'Сеть: SEARCH, AD_NETWORK или пусто',
    impressions UInt64 COMMENT 'Показы',
    clicks UInt64 COMMENT 'Клики',
    conversions Nullable(UInt64) COMMENT 'Конверсии по версии площадки; пусто, если не даны',
    cost_rub Decimal(18, 2) COMMENT 'Расход, как отдал Директ: с НДС, руб.',
    spend_rub Decimal(18, 2) COMMENT 'Расход с НДС, руб.',
    utm_source LowCardinality(String) COMMENT 'utm_source, который получает клик',
    utm_medium LowCardinality(String) COMMENT 'utm_medium',
    utm_campaign String COMMENT 'utm_campaign',
    utm_content String COMMENT 'utm_content',
    utm_term String COMMENT 'utm_term',
    utm_city LowCardinality(String) COMMENT 'Город из utm_content в едином написании, пусто если нет',
    utm_day UInt8 COMMENT 'День показа из utm_content, 0 если нет',
    utm_month UInt8 COMMENT 'Месяц показа из utm_content, 0 если нет',
    city LowCardinality(String) COMMENT 'Город рекламы: из utm, иначе из названий; «не указано», если неизвестен',
    landing_url String COMMENT 'Ссылка с наложенными параметрами URL; макросы — как заданы',
    _loaded_at DateTime('Europe/Moscow') COMMENT 'Когда загружено',
    _ver UInt64 COMMENT 'Версия строки: больше — новее',
    _run_id String COMMENT 'Запуск, который загрузил строку'
)
ENGINE = ReplacingMergeTree(_ver)
PARTITION BY toYYYYMMDD(date)
ORDER BY (date, account, campaign_id, ad_group_id, ad_id, network)
COMMENT 'Яндекс.Директ: расход, показы и клики по объявлениям и дням';
