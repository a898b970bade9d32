-- Shows (sessions) as QTickets gives them; dates and times are the venue's, not Moscow's.
-- grain: one row per show; replaced whole
-- source: qtickets
CREATE TABLE IF NOT EXISTS stg_qtickets_shows_raw
(
    show_id UInt64 COMMENT 'Показ (сеанс) QTickets',
    event_id UInt64 COMMENT 'Мероприятие QTickets',
    timezone LowCardinality(String) COMMENT 'Часовой пояс площадки',
    show_date Date COMMENT 'Дата показа на площадке',
    show_time String COMMENT 'Время начала на площадке, ЧЧ:ММ',
    finish_date Date COMMENT 'Дата окончания на площадке (выставки идут неделями)',
    starts_at DateTime('UTC') COMMENT 'Начало, UTC',
    is_active UInt8 COMMENT '1: продажи открыты',
    is_deleted UInt8 COMMENT '1: показ или мероприятие удалены у QTickets',
    _loaded_at DateTime('Europe/Moscow') COMMENT 'Когда загружено',
    _ver UInt64 COMMENT 'Версия строки: больше — новее',
    _run_id String COMMENT 'Запуск, который загрузил строку'
)
ENGINE = ReplacingMergeTree(_ver)
ORDER BY show_id
COMMENT 'Показы (сеансы), как их даёт QTickets';
