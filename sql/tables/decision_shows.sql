-- What the advice knows about each show day that still sells, as of the data day. Read v_decisions for what comes of it.
-- group: decisions
-- grain: one row per show_key, upcoming or running
-- versions: many (written anew once a day)
CREATE TABLE IF NOT EXISTS decision_shows
(
    data_day Date COMMENT 'День данных: последний, за который продажи и расход известны полностью',
    show_key String COMMENT 'Ключ показа: мероприятие|город|дата',
    event_id UInt64 COMMENT 'Мероприятие QTickets',
    city LowCardinality(String) COMMENT 'Город показа',
    show_date Date COMMENT 'День показа на площадке',
    event_name String COMMENT 'Название мероприятия',
    days_left Int64 COMMENT 'Целых дней продаж осталось после дня данных',
    is_cancelled UInt8 COMMENT '1: все сеансы отменены',
    is_moved UInt8 COMMENT '1: дата перенесена не больше недели назад',
    days_on_sale Nullable(Int64) COMMENT 'Дней продаж с первого платного билета; пусто, если его ещё нет',
    sold Int64 COMMENT 'Платных билетов за вычетом возвратов и удалений',
    net_rub Float64 COMMENT 'Выручка за вычетом возвратов, руб.',
    price Nullable(Float64) COMMENT 'Чистая цена билета: 14 дней, если их не меньше десяти, иначе с начала продаж, руб.',
    attributed_7d Int64 COMMENT 'Платных билетов за 7 дней, отнесённых к рекламе по ступеням 1–4',
    attributed_before Int64 COMMENT 'То же до этих 7 дней',
    free Int64 COMMENT 'Бесплатных билетов продано',
    attributed_share Float64 COMMENT 'Доля отнесённых к рекламе билетов за 14 дней, от 0 до 1',
    weak_share_pct Nullable(Float64) COMMENT 'Доля билетов с меткой, отнесённых только к городу или каналу, %',
    places_left Nullable(Int64) COMMENT 'Мест осталось, с бронями; пусто, если вместимость неизвестна',
    places Nullable(Int64) COMMENT 'Мест всего; пусто, если вместимость неизвестна',
    spend_7d Float64 COMMENT 'Расход с НДС за 7 дней, руб.',
    spend_total Float64 COMMENT 'Расход с НДС за всё время, руб.',
    comparables Int64 COMMENT 'Похожих завершённых показов',
    silence LowCardinality(String) COMMENT 'Почему прогноз не показывается; пусто — показывается',
    forecast Nullable(Float64) COMMENT 'Прогноз платных билетов к концу продаж, при нынешней рекламе',
    low Nullable(Float64) COMMENT 'Нижняя граница прогноза',
    high Nullable(Float64) COMMENT 'Верхняя граница прогноза',
    ago Nullable(Float64) COMMENT 'Прогноз неделю назад; пусто, если его не было',
    ago_lo Nullable(Float64) COMMENT 'Нижняя граница прогноза неделю назад',
    ago_hi Nullable(Float64) COMMENT 'Верхняя граница прогноза неделю назад',
    plan_goal Nullable(Float64) COMMENT 'План остановки, если у неё один день показа; иначе пусто',
    is_plan_of_stop UInt8 COMMENT '1: план есть, но на всю остановку с несколькими днями',
    places_paid Nullable(Float64) COMMENT 'Мест для платных билетов: проданные и те, что ещё поместятся',
    _loaded_at DateTime('Europe/Moscow') COMMENT 'Когда построено',
    _ver UInt64 COMMENT 'Версия таблицы: больше — новее',
    _run_id String COMMENT 'Запуск, который построил таблицу'
)
ENGINE = MergeTree
ORDER BY show_key
COMMENT 'Показы для решений';
