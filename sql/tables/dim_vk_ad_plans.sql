-- Campaigns (ad plans) of VK Реклама, deleted ones included.
-- grain: one row per (account, ad_plan_id); the newest _ver counts
-- source: vk_ads
-- versions: many (new and changed rows are added)
CREATE TABLE IF NOT EXISTS dim_vk_ad_plans
(
    account LowCardinality(String) COMMENT 'Кабинет VK Реклама',
    ad_plan_id UInt64 COMMENT 'Кампания (ad_plan)',
    ad_plan_name String COMMENT 'Название кампании',
    status LowCardinality(String) COMMENT 'active, blocked, deleted или unknown, если VK не сказал',
    objective LowCardinality(String) COMMENT 'Цель кампании',
    date_start Nullable(Date) COMMENT 'Начало показов',
    date_end Nullable(Date) COMMENT 'Окончание показов',
    created_at Nullable(DateTime('Europe/Moscow')) COMMENT 'Создана',
    updated_at Nullable(DateTime('Europe/Moscow')) COMMENT 'Изменена',
    _loaded_at DateTime('Europe/Moscow') COMMENT 'Когда загружено',
    _ver UInt64 COMMENT 'Версия строки: больше — новее',
    _run_id String COMMENT 'Запуск, который загрузил строку'
)
ENGINE = ReplacingMergeTree(_ver)
ORDER BY (account, ad_plan_id)
COMMENT 'VK Реклама: кампании';
