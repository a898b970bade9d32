-- Advertising of VK Реклама by ad and day.
-- A group's own figures are the truth; what its ads do not explain stands in a row with ad_id 0, which is negative where
-- the ads claim more than the group (VK corrects the two apart). So the sum over a group's rows is always the group's.
-- A group that could have run on a day and had nothing has one such row of zeros: zero as told by VK, not absence.
-- spend_rub = spent_rub with VAT, rounded half away from zero in each row.
-- grain: one row per (date, account, ad_group_id, ad_id)
-- day: date
-- source: vk_ads
CREATE TABLE IF NOT EXISTS fact_vk_ads_daily
(
    date Date COMMENT 'День показа рекламы (Москва)',
    account LowCardinality(String) COMMENT 'Кабинет VK Реклама',
    ad_plan_id UInt64 COMMENT 'Кампания (ad_plan)',
    ad_plan_name String COMMENT 'Название кампании',
    ad_group_id UInt64 COMMENT 'Группа объявлений; 0, если не названа',
    ad_group_name String COMMENT 'Название группы',
    ad_id UInt64 COMMENT 'Объявление (banner); 0 у строки остатка',
    is_remainder UInt8 COMMENT '1: итог группы минус её объявления; бывает отрицательным или нулём',
    impressions Int64 COMMENT 'Показы',
    clicks Int64 COMMENT 'Клики',
    conversions Nullable(Int64) COMMENT 'Конверсии по версии площадки; пусто, если не даны',
    spent_rub Decimal(18, 2) COMMENT 'Расход, как отдал VK: без НДС, руб.',
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
    landing_url String COMMENT 'Ссылка объявления с макросами VK, как она задана',
    _loaded_at DateTime('Europe/Moscow') COMMENT 'Когда загружено',
    _ver UInt64 COMMENT 'Версия строки: больше — новее',
    _run_id String COMMENT 'Запуск, который загрузил строку'
)
ENGINE = ReplacingMergeTree(_ver)
PARTITION BY toYYYYMMDD(date)
ORDER BY (date, account, ad_group_id, ad_id)
COMMENT 'VK Реклама: расход, показы и клики по объявлениям и дням';
