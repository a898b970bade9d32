-- Ads of Яндекс.Директ that had figures, with every landing they had since we first looked.
-- A landing is what a click carries: the ad's link overlaid by the parameters of its group, or else of its campaign, with
-- known macros replaced. A version holds from valid_from until the next version's; the first one also covers the days
-- before it. Direct names no date of a change: valid_from is the day it was first seen. Rows of campaigns that name no
-- ad (ad_id 0) stand for the campaign or group as a whole.
-- grain: one row per (account, campaign_id, ad_group_id, ad_id, valid_from); the newest _ver counts
-- source: yandex_direct
-- versions: many (new and changed rows are added)
CREATE TABLE IF NOT EXISTS dim_direct_ads
(
    account LowCardinality(String) COMMENT 'Логин клиента Директа',
    campaign_id UInt64 COMMENT 'Кампания',
    ad_group_id UInt64 COMMENT 'Группа объявлений; 0, если не названа',
    ad_id UInt64 COMMENT 'Объявление; 0, если Директ его не назвал',
    valid_from Date COMMENT 'С какого дня действуют метки этой строки',
    campaign_name String COMMENT 'Название кампании',
    ad_group_name String COMMENT 'Название группы',
    ad_title String COMMENT 'Заголовок объявления',
    ad_type LowCardinality(String) COMMENT 'Тип объявления по Директу',
    state LowCardinality(String) COMMENT 'Состояние по Директу; пусто, если он объявления больше не знает',
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
    url_params String COMMENT 'Параметры URL, которые действуют, как заданы',
    url_params_from LowCardinality(String) COMMENT 'Чьи они: group, campaign или пусто',
    _loaded_at DateTime('Europe/Moscow') COMMENT 'Когда загружено',
    _ver UInt64 COMMENT 'Версия строки: больше — новее',
    _run_id String COMMENT 'Запуск, который загрузил строку'
)
ENGINE = ReplacingMergeTree(_ver)
ORDER BY (account, campaign_id, ad_group_id, ad_id, valid_from)
COMMENT 'Яндекс.Директ: объявления и история их ссылок и меток';
