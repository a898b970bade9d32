-- Show days as the forecast sees them: all sessions of an event in its city on one date; an exhibition to its last day.
-- group: decisions
-- grain: one row per show_key; rebuilt whole once a day
CREATE TABLE IF NOT EXISTS forecast_shows
(
    show_key String COMMENT 'Ключ показа: мероприятие|город|дата',
    event_id UInt64 COMMENT 'Мероприятие QTickets',
    city LowCardinality(String) COMMENT 'Город показа',
    show_date Date COMMENT 'День показа на площадке; у выставки первый день',
    show_id UInt64 COMMENT 'Наименьший номер сеанса этого дня: по нему узнаётся перенесённый показ',
    event_name String COMMENT 'Название мероприятия',
    programme String COMMENT 'Программа: название без города, по нему ищутся похожие показы',
    is_run UInt8 COMMENT '1: идёт больше трёх дней (выставка)',
    opened_on Date COMMENT 'Первый день, когда купили платный билет',
    finish_on Date COMMENT 'Последний день продаж: день окончания показа',
    sold_out_on Nullable(Date) COMMENT 'День, к концу которого мест почти не осталось; пусто, если такого не было',
    is_cancelled UInt8 COMMENT '1: все сеансы отменены',
    _loaded_at DateTime('Europe/Moscow') COMMENT 'Когда построено',
    _ver UInt64 COMMENT 'Версия таблицы: больше — новее',
    _run_id String COMMENT 'Запуск, который построил таблицу'
)
ENGINE = MergeTree
ORDER BY show_key
COMMENT 'Показы для прогноза';
