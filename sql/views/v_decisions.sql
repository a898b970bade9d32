-- What to do with the advertising of each show that still sells: its forecast, what a ticket costs against what it may
-- cost, one bounded piece of advice and why. Advice is never carried out by itself; the forecast holds at the present spend.
-- Everything is as of the data day: the last one whose sales and spend were complete. While `decisions_enabled` is 0, or when
-- that day is older than `fresh_warn_days`, facts are shown without forecast and advice.
-- group: decisions
-- grain: one row per (event_id, city, show_date), upcoming or running, and one per kind of spend without such a show
-- identity: sum(spend_7d_rub) and sum(spend_total_rub) = those of fact_marketing_daily up to the data day, when it was made
-- example: docs/metrics.md
CREATE OR REPLACE VIEW v_decisions
(
    data_day Date COMMENT 'День данных: последний, за который продажи и расход известны полностью',
    place Int64 COMMENT 'Место по величине совета, затем по оставшимся дням',
    shows Int64 COMMENT 'Показов: 1 у показа, 0 у расхода без показа',
    show_date Nullable(Date) COMMENT 'День показа на площадке; пусто у расхода без показа',
    city LowCardinality(String) COMMENT 'Город; «не указано» у расхода без показа',
    city_name String COMMENT 'Город',
    event_id UInt64 COMMENT 'Мероприятие QTickets; 0 у расхода без показа',
    event_name String COMMENT 'Название мероприятия, или чей это расход',
    show_name String COMMENT 'Показ одной строкой: день, город, мероприятие',
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
    silence LowCardinality(String) COMMENT 'Почему прогноза нет; пусто, если он есть'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS (
WITH
holding AS
(
    SELECT v.data_day AS day, if(v.state IN ('off', 'stale'), CAST(v.state AS String), '') AS hidden
    FROM v_decisions_state AS v
)
SELECT
    d.data_day AS data_day,
    d.place AS place,
    d.shows AS shows,
    d.show_date AS show_date,
    d.city AS city,
    d.city_name AS city_name,
    d.event_id AS event_id,
    d.event_name AS event_name,
    if(d.shows = 1, concat(ifNull(formatDateTime(d.show_date, '%d.%m.%Y'), ''), ' ', d.city_name, ' · ', d.event_name), d.event_name) AS show_name,
    d.days_left AS days_left,
    d.days_on_sale AS days_on_sale,
    d.tickets_paid AS tickets_paid,
    d.tickets_free AS tickets_free,
    d.seats_left AS seats_left,
    d.fill_pct AS fill_pct,
    if(h.hidden != '' AND d.shows = 1, NULL, d.forecast_tickets) AS forecast_tickets,
    if(h.hidden != '' AND d.shows = 1, NULL, d.forecast_tickets_lo) AS forecast_tickets_lo,
    if(h.hidden != '' AND d.shows = 1, NULL, d.forecast_tickets_hi) AS forecast_tickets_hi,
    if(h.hidden != '' AND d.shows = 1, '', d.forecast_text) AS forecast_text,
    if(h.hidden != '' AND d.shows = 1, '', d.forecast_7d_ago_text) AS forecast_7d_ago_text,
    if(h.hidden != '' AND d.shows = 1, NULL, d.forecast_revenue_rub) AS forecast_revenue_rub,
    if(h.hidden != '' AND d.shows = 1, NULL, d.forecast_revenue_lo_rub) AS forecast_revenue_lo_rub,
    if(h.hidden != '' AND d.shows = 1, NULL, d.forecast_revenue_hi_rub) AS forecast_revenue_hi_rub,
    d.comparables AS comparables,
    if(h.hidden != '' AND d.shows = 1, NULL, d.forecast_7d_ago) AS forecast_7d_ago,
    if(h.hidden != '' AND d.shows = 1, NULL, d.forecast_7d_ago_lo) AS forecast_7d_ago_lo,
    if(h.hidden != '' AND d.shows = 1, NULL, d.forecast_7d_ago_hi) AS forecast_7d_ago_hi,
    d.goal_tickets AS goal_tickets,
    d.goal_source AS goal_source,
    if(h.hidden != '' AND d.shows = 1, NULL, d.gap_tickets) AS gap_tickets,
    d.spend_7d_rub AS spend_7d_rub,
    d.spend_total_rub AS spend_total_rub,
    d.tickets_attributed_7d AS tickets_attributed_7d,
    d.cpt_7d_rub AS cpt_7d_rub,
    d.cpt_7d_lo_rub AS cpt_7d_lo_rub,
    d.cpt_7d_hi_rub AS cpt_7d_hi_rub,
    d.cpt_text AS cpt_text,
    d.cpt_before_rub AS cpt_before_rub,
    d.next_ticket_rub AS next_ticket_rub,
    d.next_ticket_lo_rub AS next_ticket_lo_rub,
    d.next_ticket_hi_rub AS next_ticket_hi_rub,
    d.breakeven_cpt_rub AS breakeven_cpt_rub,
    d.weak_share_pct AS weak_share_pct,
    CAST(if(h.hidden != '' AND d.shows = 1, if(h.hidden = 'off', 'выключено', 'мало данных'), d.status) AS LowCardinality(String)) AS status,
    toUInt8(if(h.hidden != '' AND d.shows = 1, 7, d.status_code)) AS status_code,
    if(h.hidden != '' AND d.shows = 1, NULL, d.advice_rub_per_day) AS advice_rub_per_day,
    multiIf(
        h.hidden = '' OR d.shows = 0, d.reason,
        h.hidden = 'off', 'прогнозы выключены: сначала zakaz backtest --world warehouse, затем decisions_enabled = 1',
        'данные устарели') AS reason,
    if(h.hidden != '' AND d.shows = 1, '', d.marks) AS marks,
    CAST(if(h.hidden != '' AND d.shows = 1, h.hidden, d.silence) AS LowCardinality(String)) AS silence
FROM fact_decisions_daily AS d FINAL
CROSS JOIN holding AS h
WHERE d.data_day = h.day
)
COMMENT 'Решения: прогноз, цена билета и совет по показам'
