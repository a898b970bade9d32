-- For which show days a forecast is asked, as of which day, and what must be known beside their curves.
-- group: decisions
-- grain: one row per (show_key, as_of); the questions of a day replace those before
-- versions: many (questions are put once a day)
CREATE TABLE IF NOT EXISTS forecast_asked
(
    show_key String COMMENT 'Ключ показа: мероприятие|город|дата',
    as_of Date COMMENT 'День данных: последний, за который продажи и расход известны полностью',
    tickets_left Nullable(Float64) COMMENT 'Сколько платных билетов ещё поместится; пусто, если вместимость неизвестна',
    tickets_left_lo Nullable(Float64) COMMENT 'Сколько поместится, если бесплатных окажется много: нижняя граница',
    tickets_left_hi Nullable(Float64) COMMENT 'Сколько поместится, если бесплатных окажется мало: верхняя граница',
    kappa Float64 COMMENT 'Поправка ширины интервала по тому, как сбывались прежние прогнозы (1 — без поправки)',
    _loaded_at DateTime('Europe/Moscow') COMMENT 'Когда построено',
    _ver UInt64 COMMENT 'Версия таблицы: больше — новее',
    _run_id String COMMENT 'Запуск, который построил таблицу'
)
ENGINE = MergeTree
ORDER BY (show_key, as_of)
COMMENT 'Какие прогнозы нужны';
