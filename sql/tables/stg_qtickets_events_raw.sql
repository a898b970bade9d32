-- Events as QTickets names them. What a city's name means is looked up in sql/builds/dim_events.sql.
-- grain: one row per event; replaced whole
-- source: qtickets
CREATE TABLE IF NOT EXISTS stg_qtickets_events_raw
(
    event_id UInt64 COMMENT 'Мероприятие QTickets',
    event_name String COMMENT 'Название',
    event_key String COMMENT 'Название для сравнения: слова строчными буквами, «ё» как «е»',
    city_raw String COMMENT 'Город, как назвал его QTickets',
    city_key String COMMENT 'Город для сравнения: нормальная форма написания',
    timezone LowCardinality(String) COMMENT 'Часовой пояс площадки',
    place_name String COMMENT 'Площадка',
    is_active UInt8 COMMENT '1: продажи открыты',
    is_deleted UInt8 COMMENT '1: удалено у QTickets',
    _loaded_at DateTime('Europe/Moscow') COMMENT 'Когда загружено',
    _ver UInt64 COMMENT 'Версия строки: больше — новее',
    _run_id String COMMENT 'Запуск, который загрузил строку'
)
ENGINE = ReplacingMergeTree(_ver)
ORDER BY event_id
COMMENT 'Мероприятия, как их называет QTickets';
