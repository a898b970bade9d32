-- Campaigns that Яндекс.Директ lists; it does not list those of «Мастер кампаний». Campaigns that only an imported file
-- names have no type and no state.
-- grain: one row per (account, campaign_id); the newest _ver counts
-- source: yandex_direct
-- versions: many (new and changed rows are added)
CREATE TABLE IF NOT EXISTS dim_direct_campaigns
(
    account LowCardinality(String) COMMENT 'Логин клиента Директа',
    campaign_id UInt64 COMMENT 'Кампания',
    campaign_name String COMMENT 'Название кампании',
    campaign_type LowCardinality(String) COMMENT 'Тип кампании по Директу',
    state LowCardinality(String) COMMENT 'Состояние по Директу',
    url_params String COMMENT 'Параметры URL кампании, как заданы',
    _loaded_at DateTime('Europe/Moscow') COMMENT 'Когда загружено',
    _ver UInt64 COMMENT 'Версия строки: больше — новее',
    _run_id String COMMENT 'Запуск, который загрузил строку'
)
ENGINE = ReplacingMergeTree(_ver)
ORDER BY (account, campaign_id)
COMMENT 'Яндекс.Директ: кампании';
