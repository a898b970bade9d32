-- Advertising of every platform in one shape, with its channel, city and show.
-- Spend is with VAT; the figure as the vendor gave it stands beside it. A negative row is a platform's correction.
-- grain: one row per (date, source, account, campaign_id, ad_group_id, ad_id)
-- day: date
-- identity: sum(spend_rub) = sum(spend_rub) of fact_vk_ads_daily and fact_direct_daily
CREATE TABLE IF NOT EXISTS fact_marketing_daily
(
    date Date COMMENT 'День показа рекламы (Москва)',
    source LowCardinality(String) COMMENT 'Рекламный кабинет: vk_ads или yandex_direct',
    channel_group LowCardinality(String) COMMENT 'Группа каналов',
    account LowCardinality(String) COMMENT 'Кабинет или логин',
    campaign_id UInt64 COMMENT 'Кампания (у VK — ad_plan)',
    campaign_name String COMMENT 'Название кампании',
    ad_group_id UInt64 COMMENT 'Группа объявлений; 0, если не названа',
    ad_group_name String COMMENT 'Название группы',
    ad_id UInt64 COMMENT 'Объявление; 0, если не названо',
    utm_source LowCardinality(String) COMMENT 'utm_source, который получает клик',
    utm_medium LowCardinality(String) COMMENT 'utm_medium',
    utm_campaign String COMMENT 'utm_campaign',
    utm_content String COMMENT 'utm_content',
    utm_term String COMMENT 'utm_term',
    city LowCardinality(String) COMMENT 'Город рекламы; «не указано», если неизвестен',
    show_date Nullable(Date) COMMENT 'День рекламируемого показа из метки; пусто, если метка его не называет',
    utm_problem LowCardinality(String) COMMENT 'Что в метке не разобрано; пусто, если всё разобрано',
    impressions Int64 COMMENT 'Показы',
    clicks Int64 COMMENT 'Клики',
    conversions Nullable(Int64) COMMENT 'Конверсии по версии площадки; пусто, если не даны',
    spend_raw_rub Decimal(18, 2) COMMENT 'Расход, как его отдала площадка, руб.',
    spend_rub Decimal(18, 2) COMMENT 'Расход с НДС, руб.',
    as_of DateTime('Europe/Moscow') COMMENT 'По какой момент известны данные дня',
    _loaded_at DateTime('Europe/Moscow') COMMENT 'Когда построено',
    _ver UInt64 COMMENT 'Версия партиции: больше — новее',
    _run_id String COMMENT 'Запуск, который построил партицию'
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(date)
ORDER BY (date, source, city, campaign_id, ad_group_id, ad_id, account)
COMMENT 'Реклама всех площадок по дням';
