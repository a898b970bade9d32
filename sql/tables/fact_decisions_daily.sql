-- The advice of each day as it was given: added with the forecasts of the day, never changed. Read v_decisions.
-- group: decisions
-- grain: one row per (data_day, place)
-- versions: many (a day is added by each day's run)
CREATE TABLE IF NOT EXISTS fact_decisions_daily
(
    data_day Date COMMENT 'День данных: последний, за который продажи и расход известны полностью',
    place Int64 COMMENT 'Место по величине совета, затем по оставшимся дням',
    shows Int64 COMMENT 'Показов: 1 у показа, 0 у расхода без показа',
    show_date Nullable(Date) COMMENT 'День показа на площадке; пусто у расхода без показа',
    city LowCardinality(String) COMMENT 'Город; «не указано» у расхода без показа',
    city_name String COMMENT 'Город',
    event_id UInt64 COMMENT 'Мероприятие QTickets; 0 у расхода без показа',
    event_name String COMMENT 'Название мероприятия, или чей это расход',
    days_left Nullable(Int64) COMMENT 'Целых дней продаж осталось после дня данных',
    days_on_sale Nullable(Int64) COMMENT 'Дней продаж с первого платного билета',
    tickets_paid Nullable(Int64) COMMENT 'Платных билетов за вычетом возвратов и удалений',
    tickets_free Nullable(Int64) COMMENT 'Бесплатных билетов продано',
    seats_left Nullable(Int64) COMMENT 'Мест осталось, с бронями; пусто, если вместимость неизвестна',
    fill_pct Nullable(Float64) COMMENT 'Занято мест, %; пусто, если вместимость неизвестна',
    forecast_tickets Nullable(Float64) COMMENT 'Прогноз платных билетов к концу продаж, при нынешней рекламе; пусто, если данных мало',
    forecast_tickets_lo Nullable(Float64) COMMENT 'Нижняя граница прогноза',
    forecast_tickets_hi Nullable(Float64) COMMENT 'Верхняя граница прогноза',
    forecast_text String COMMENT 'Прогноз словами: билетов (от–до), при нынешней рекламе',
    forecast_7d_ago_text String COMMENT 'Прогноз неделю назад словами: билетов (от–до)',
    forecast_revenue_rub Nullable(Float64) COMMENT 'Прогноз чистой выручки, руб.',
    forecast_revenue_lo_rub Nullable(Float64) COMMENT 'Нижняя граница выручки, руб.',
    forecast_revenue_hi_rub Nullable(Float64) COMMENT 'Верхняя граница выручки, руб.',
    comparables Nullable(Int64) COMMENT 'Похожих завершённых показов',
    forecast_7d_ago Nullable(Float64) COMMENT 'Прогноз неделю назад; пусто, если его не было',
    forecast_7d_ago_lo Nullable(Float64) COMMENT 'Нижняя граница прогноза неделю назад',
    forecast_7d_ago_hi Nullable(Float64) COMMENT 'Верхняя граница прогноза неделю назад',
    goal_tickets Nullable(Float64) COMMENT 'Цель, платных билетов: меньшее из плана остановки и целевого заполнения',
    goal_source LowCardinality(String) COMMENT 'Откуда цель: план, заполнение или без цели',
    gap_tickets Nullable(Float64) COMMENT 'Сколько билетов не хватает прогнозу до цели; 0, если хватает',
    spend_7d_rub Float64 COMMENT 'Расход с НДС за 7 дней, руб.',
    spend_total_rub Float64 COMMENT 'Расход с НДС за всё время, руб.',
    tickets_attributed_7d Nullable(Int64) COMMENT 'Платных билетов за 7 дней, отнесённых к рекламе по ступеням 1–4',
    cpt_7d_rub Nullable(Float64) COMMENT 'Цена билета 7 дней: расход / отнесённые к рекламе билеты, руб.',
    cpt_7d_lo_rub Nullable(Float64) COMMENT 'Нижняя граница цены билета, руб.',
    cpt_7d_hi_rub Nullable(Float64) COMMENT 'Верхняя граница цены билета, руб.',
    cpt_text String COMMENT 'Цена билета 7 дней словами: руб. (от–до)',
    cpt_before_rub Nullable(Float64) COMMENT 'Цена билета до этих 7 дней, руб.',
    next_ticket_rub Nullable(Float64) COMMENT 'Следующий билет обойдётся примерно в столько, руб.',
    next_ticket_lo_rub Nullable(Float64) COMMENT 'Нижняя граница цены следующего билета, руб.',
    next_ticket_hi_rub Nullable(Float64) COMMENT 'Верхняя граница цены следующего билета, руб.',
    breakeven_cpt_rub Nullable(Float64) COMMENT 'Порог: столько организатор получает с билета, руб.',
    weak_share_pct Nullable(Float64) COMMENT 'Доля билетов с меткой, отнесённых только к городу или каналу, %',
    status LowCardinality(String) COMMENT 'Статус: нужна реклама, идёт к цели, реклама не окупается …',
    status_code UInt8 COMMENT 'Статус числом: 9 отменён или перенесён … 1 на грани, 0 без цели или без показа',
    advice_rub_per_day Nullable(Float64) COMMENT 'Совет, руб. в день: прибавить или снизить; пусто, если совета нет',
    reason String COMMENT 'Почему такой статус и совет',
    marks String COMMENT 'Пометки через точку с запятой',
    silence LowCardinality(String) COMMENT 'Почему прогноза нет; пусто, если он есть',
    _loaded_at DateTime('Europe/Moscow') COMMENT 'Когда посчитано',
    _ver UInt64 COMMENT 'Версия строки: больше — новее',
    _run_id String COMMENT 'Запуск, который посчитал строку'
)
ENGINE = ReplacingMergeTree(_ver)
PARTITION BY toYYYYMM(data_day)
ORDER BY (data_day, place)
COMMENT 'Решения, как они были даны';
