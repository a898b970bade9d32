-- Every ad that an advertising platform lists, with the names it has now; an ad's number in a UTM is looked up here.
-- grain: one row per (source, account, campaign_id, ad_group_id, ad_id); rebuilt whole
CREATE TABLE IF NOT EXISTS dim_ads
(
    source LowCardinality(String) COMMENT 'Рекламный кабинет: vk_ads или yandex_direct',
    account LowCardinality(String) COMMENT 'Кабинет или логин',
    campaign_id UInt64 COMMENT 'Кампания (у VK — ad_plan)',
    campaign_name String COMMENT 'Название кампании',
    ad_group_id UInt64 COMMENT 'Группа объявлений',
    ad_group_name String COMMENT 'Название группы',
    ad_id UInt64 COMMENT 'Объявление',
    _loaded_at DateTime('Europe/Moscow') COMMENT 'Когда построено',
    _ver UInt64 COMMENT 'Версия строки: больше — новее',
    _run_id String COMMENT 'Запуск, который построил строку'
)
ENGINE = ReplacingMergeTree(_ver)
ORDER BY (source, account, campaign_id, ad_group_id, ad_id)
COMMENT 'Объявления, которые перечислили рекламные площадки';
