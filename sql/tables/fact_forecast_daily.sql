-- What was forecast on each day: paid tickets of a show day at its end, with an interval that held 80 % of past shows.
-- Rows are added once a day and never changed: what was foretold is judged later by what came.
-- group: decisions
-- grain: one row per (as_of, show_key)
-- versions: many (a day is added by each day's run)
CREATE TABLE IF NOT EXISTS fact_forecast_daily
(
    as_of Date COMMENT 'День данных, на который сделан прогноз (Москва)',
    show_key String COMMENT 'Ключ показа: мероприятие|город|дата',
    event_id UInt64 COMMENT 'Мероприятие QTickets',
    city LowCardinality(String) COMMENT 'Город показа',
    show_date Date COMMENT 'День показа на площадке',
    show_id UInt64 COMMENT 'Наименьший номер сеанса этого дня',
    days_left Int64 COMMENT 'Целых дней продаж осталось после дня данных',
    days_on_sale Int64 COMMENT 'Дней продаж с первого платного билета',
    method UInt16 COMMENT 'Версия метода',
    comparables Int64 COMMENT 'Похожих завершённых показов',
    comparable_keys String COMMENT 'Их ключи через точку с запятой, новые первыми',
    tickets_sold Float64 COMMENT 'Платных билетов за вычетом возвратов и удалений ко дню данных',
    pace Float64 COMMENT 'Платных билетов в день за последние 7 календарных дней',
    tickets_left Nullable(Float64) COMMENT 'Сколько платных билетов ещё поместится; пусто, если вместимость неизвестна',
    tickets_left_lo Nullable(Float64) COMMENT 'Сколько поместится, если бесплатных окажется много: нижняя граница',
    tickets_left_hi Nullable(Float64) COMMENT 'Сколько поместится, если бесплатных окажется мало: верхняя граница',
    rest_by_mean Nullable(Float64) COMMENT 'Остаток по среднему остатку похожих',
    rest_by_ratio Nullable(Float64) COMMENT 'Остаток по доле, проданной у похожих; пусто, если судить рано',
    rest_by_pace Nullable(Float64) COMMENT 'Остаток по темпу похожих; пусто, если они почти не продавали',
    rest_by_rate Float64 COMMENT 'Остаток по собственному темпу: темп × дней осталось',
    rest Float64 COMMENT 'Остаток: сколько ещё продастся без границы вместимости',
    kappa Float64 COMMENT 'Поправка ширины интервала',
    log_low Float64 COMMENT 'Нижняя граница ошибки остатка, логарифм, без поправки ширины',
    log_high Float64 COMMENT 'Верхняя граница ошибки остатка, логарифм, без поправки ширины',
    forecast_tickets Float64 COMMENT 'Прогноз платных билетов к концу продаж, при нынешней рекламе',
    forecast_tickets_lo Float64 COMMENT 'Нижняя граница прогноза',
    forecast_tickets_hi Float64 COMMENT 'Верхняя граница прогноза',
    silence LowCardinality(String) COMMENT 'Почему прогноз не показывается: comparables, days, sold или width; пусто — показывается',
    _loaded_at DateTime('Europe/Moscow') COMMENT 'Когда посчитано',
    _ver UInt64 COMMENT 'Версия строки: больше — новее',
    _run_id String COMMENT 'Запуск, который посчитал строку'
)
ENGINE = ReplacingMergeTree(_ver)
PARTITION BY toYYYYMM(as_of)
ORDER BY (as_of, show_key)
COMMENT 'Прогнозы, как они были сделаны';
