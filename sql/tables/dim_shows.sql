-- Shows (sessions) of events; the show date is the venue's local date, not Moscow's.
-- grain: one row per show; rebuilt whole
CREATE TABLE IF NOT EXISTS dim_shows
(
    show_id UInt64 COMMENT 'Показ (сеанс) QTickets',
    event_id UInt64 COMMENT 'Мероприятие QTickets',
    event_name String COMMENT 'Название мероприятия',
    city LowCardinality(String) COMMENT 'Город (ключ); пусто, если QTickets его не назвал',
    timezone LowCardinality(String) COMMENT 'Часовой пояс площадки',
    show_date Date COMMENT 'Дата показа на площадке',
    show_time String COMMENT 'Время начала на площадке, ЧЧ:ММ',
    finish_date Date COMMENT 'Дата окончания на площадке (выставки идут неделями)',
    starts_at DateTime('UTC') COMMENT 'Начало, UTC',
    is_active UInt8 COMMENT '1: продажи открыты',
    is_deleted UInt8 COMMENT '1: показ или мероприятие удалены у QTickets',
    changed_ns UInt64 COMMENT 'Когда здесь сменились мероприятие, город, даты или признак удаления, наносекунды UTC',
    _loaded_at DateTime('Europe/Moscow') COMMENT 'Когда построено',
    _ver UInt64 COMMENT 'Версия таблицы: больше — новее',
    _run_id String COMMENT 'Запуск, который построил таблицу'
)
ENGINE = ReplacingMergeTree(_ver)
ORDER BY show_id
COMMENT 'Показы (сеансы)';
