-- Ad groups of VK Реклама, deleted ones included, with every effective UTM they had since we first looked.
-- A version holds from valid_from until the next version's; the first one also covers the days before it. A UTM field
-- is empty where the group's ads disagree on it.
-- grain: one row per (account, ad_group_id, valid_from); the newest _ver counts
-- source: vk_ads
-- versions: many (new and changed rows are added)
CREATE TABLE IF NOT EXISTS dim_vk_ad_groups
(
    account LowCardinality(String) COMMENT 'Кабинет VK Реклама',
    ad_group_id UInt64 COMMENT 'Группа объявлений',
    valid_from Date COMMENT 'С какого дня действуют метки этой строки',
    ad_plan_id UInt64 COMMENT 'Кампания (ad_plan); 0, если не названа',
    ad_group_name String COMMENT 'Название группы',
    status LowCardinality(String) COMMENT 'active, blocked, deleted или unknown, если VK не сказал',
    objective LowCardinality(String) COMMENT 'Цель',
    is_utm_enabled UInt8 COMMENT '1: «Параметры URL» группы добавляются к ссылке и важнее её меток',
    utm_params String COMMENT '«Параметры URL», как заданы; пусто — VK ставит свои',
    utm_source LowCardinality(String) COMMENT 'utm_source, который получает клик',
    utm_medium LowCardinality(String) COMMENT 'utm_medium',
    utm_campaign String COMMENT 'utm_campaign',
    utm_content String COMMENT 'utm_content',
    utm_term String COMMENT 'utm_term',
    utm_city LowCardinality(String) COMMENT 'Город из utm_content в едином написании, пусто если нет',
    utm_day UInt8 COMMENT 'День показа из utm_content, 0 если нет',
    utm_month UInt8 COMMENT 'Месяц показа из utm_content, 0 если нет',
    city LowCardinality(String) COMMENT 'Город рекламы: из utm, иначе из названий; «не указано», если неизвестен',
    landing_url String COMMENT 'Ссылка с макросами VK, как она задана',
    created_at Nullable(DateTime('Europe/Moscow')) COMMENT 'Создана',
    updated_at Nullable(DateTime('Europe/Moscow')) COMMENT 'Изменена группа или её объявления',
    _loaded_at DateTime('Europe/Moscow') COMMENT 'Когда загружено',
    _ver UInt64 COMMENT 'Версия строки: больше — новее',
    _run_id String COMMENT 'Запуск, который загрузил строку'
)
ENGINE = ReplacingMergeTree(_ver)
ORDER BY (account, ad_group_id, valid_from)
COMMENT 'VK Реклама: группы объявлений и история их меток';
