-- Events of QTickets with their city as the vendor names it and in the one spelling.
-- grain: one row per event; rebuilt whole
-- source: qtickets
CREATE TABLE IF NOT EXISTS dim_events
(
    event_id UInt64 COMMENT 'Мероприятие QTickets',
    event_name String COMMENT 'Название',
    city LowCardinality(String) COMMENT 'Город в едином написании',
    city_raw LowCardinality(String) COMMENT 'Город, как назвал его QTickets',
    timezone LowCardinality(String) COMMENT 'Часовой пояс площадки',
    place_name String COMMENT 'Площадка',
    is_active UInt8 COMMENT '1: продажи открыты',
    is_deleted UInt8 COMMENT '1: удалено у QTickets',
    first_show_date Nullable(Date) COMMENT 'Первый показ (дата площадки)',
    last_show_date Nullable(Date) COMMENT 'Последний показ (дата площадки)',
    shows UInt32 COMMENT 'Показов, не удалённых',
    _loaded_at DateTime('Europe/Moscow') COMMENT 'Когда загружено',
    _ver UInt64 COMMENT 'Версия строки: больше — новее',
    _run_id String COMMENT 'Запуск, который загрузил строку'
)
ENGINE = ReplacingMergeTree(_ver)
ORDER BY event_id
COMMENT 'Мероприятия';
