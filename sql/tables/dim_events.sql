-- Events of QTickets with their city in the one spelling.
-- grain: one row per event; rebuilt whole
CREATE TABLE IF NOT EXISTS dim_events
(
    event_id UInt64 COMMENT 'Мероприятие QTickets',
    event_name String COMMENT 'Название',
    event_key String COMMENT 'Название для сравнения: слова строчными буквами, «ё» как «е»',
    city LowCardinality(String) COMMENT 'Город (ключ); пусто, если QTickets его не назвал',
    city_raw String COMMENT 'Город, как назвал его QTickets',
    timezone LowCardinality(String) COMMENT 'Часовой пояс площадки',
    place_name String COMMENT 'Площадка',
    is_active UInt8 COMMENT '1: продажи открыты',
    is_deleted UInt8 COMMENT '1: удалено у QTickets',
    first_show_date Nullable(Date) COMMENT 'Первый показ (дата площадки)',
    last_show_date Nullable(Date) COMMENT 'Последний показ (дата площадки)',
    shows UInt32 COMMENT 'Показов, не удалённых',
    changed_ns UInt64 COMMENT 'Когда здесь сменились название, город или признак удаления, наносекунды UTC',
    _loaded_at DateTime('Europe/Moscow') COMMENT 'Когда построено',
    _ver UInt64 COMMENT 'Версия таблицы: больше — новее',
    _run_id String COMMENT 'Запуск, который построил таблицу'
)
ENGINE = ReplacingMergeTree(_ver)
ORDER BY event_id
COMMENT 'Мероприятия';
