-- Advertising of each show day as the advice sees it: spend whose tags name this show and no other.
-- group: decisions
-- grain: one row per show_key, and one with an empty show_key for spend that names no show or several
-- versions: many (written anew once a day)
CREATE TABLE IF NOT EXISTS decision_spend
(
    show_key String COMMENT 'Ключ показа: мероприятие|город|дата; пусто, если метки не называют один показ',
    spend_7d Float64 COMMENT 'Расход с НДС за 7 дней, руб.',
    spend_total Float64 COMMENT 'Расход с НДС за всё время, руб.',
    _loaded_at DateTime('Europe/Moscow') COMMENT 'Когда построено',
    _ver UInt64 COMMENT 'Версия таблицы: больше — новее',
    _run_id String COMMENT 'Запуск, который построил таблицу'
)
ENGINE = MergeTree
ORDER BY show_key
COMMENT 'Расход на показ для решений';
