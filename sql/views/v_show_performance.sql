-- Shows: what was sold for them, how full they are, what their advertising cost and whether it paid.
-- A row is all sessions of an event in a city on a day, because a tag names a day and not a session. Sales belong to the
-- show of their ticket; spend to the show its tag names. Spend that names no show, or a day of several events, keeps a row
-- of its own with a status that says so, and the sum of spend is that of fact_marketing_daily.
-- grain: one row per (event_id, event_name of unknown events, city, show_date)
CREATE OR REPLACE VIEW v_show_performance
(
    show_date Nullable(Date) COMMENT 'День показа на площадке; пусто, если продажа или расход не называют показ',
    city LowCardinality(String) COMMENT 'Город; «не указано», если неизвестен',
    city_name String COMMENT 'Город',
    event_id UInt64 COMMENT 'Мероприятие QTickets; 0, если неизвестно или их несколько',
    event_name String COMMENT 'Название мероприятия',
    show_status LowCardinality(String) COMMENT 'впереди, идёт, прошёл, отменён, нет в афише, несколько мероприятий или показ не определён',
    days_to_show Nullable(Int64) COMMENT 'Дней до начала показа; меньше нуля, если он начался',
    shows Int64 COMMENT 'Сеансов в этот день',
    capacity Int64 COMMENT 'Вместимость сеансов: места, открытые к продаже, проданные и в брони',
    tickets_sold Int64 COMMENT 'Продано билетов, включая бесплатные',
    tickets_paid Int64 COMMENT 'Продано платных билетов',
    tickets_free Int64 COMMENT 'Бесплатных билетов',
    tickets_refunded Int64 COMMENT 'Возвращено билетов',
    sell_through_pct Nullable(Float64) COMMENT 'Заполнение: (продано − возвращено) / вместимость, %; пусто без вместимости',
    revenue_rub Float64 COMMENT 'Выручка, руб.',
    refunds_rub Float64 COMMENT 'Возвраты, руб.',
    net_revenue_rub Float64 COMMENT 'Выручка за вычетом возвратов, руб.',
    organiser_income_rub Float64 COMMENT 'Доля организатора в чистой выручке, руб.',
    spend_rub Float64 COMMENT 'Расход с НДС на рекламу показа, руб.',
    impressions Int64 COMMENT 'Показы рекламы',
    clicks Int64 COMMENT 'Клики',
    avg_ticket_rub Nullable(Float64) COMMENT 'Средний билет: выручка / платные билеты, руб.',
    cpt_rub Nullable(Float64) COMMENT 'Расход на платный билет, руб.',
    roas Nullable(Float64) COMMENT 'ROAS: доход / расход; пусто без расхода',
    romi_pct Nullable(Float64) COMMENT 'ROMI: (доход − расход) / расход, %; пусто без расхода',
    romi_status LowCardinality(String) COMMENT 'Светофор: зелёный, жёлтый, красный, «нет расхода» или «нельзя сравнить»',
    romi_status_code UInt8 COMMENT 'Светофор числом: 3 зелёный, 2 жёлтый, 1 красный, 0 — без цвета',
    roas_green_above Float64 COMMENT 'Порог: зелёный, если ROAS больше',
    roas_yellow_from Float64 COMMENT 'Порог: жёлтый, если ROAS не меньше'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS (
WITH named AS
(
    SELECT
        s.show_date AS show_date, s.city AS city, s.event_id AS event_id,
        if(ifNull(c.city_name, '') = '', CAST(s.city AS String), ifNull(c.city_name, '')) AS city_name,
        multiIf(
            s.event_name != '', s.event_name,
            ifNull(e.event_name, '') != '', ifNull(e.event_name, ''),
            s.reported_name != '', s.reported_name,
            s.is_ambiguous = 1, 'несколько мероприятий',
            'не указано') AS event_name,
        multiIf(
            s.show_date IS NULL, 'показ не определён',
            s.is_ambiguous = 1, 'несколько мероприятий',
            s.shows = 0 AND s.cancelled = 0, 'нет в афише',
            s.shows = 0, 'отменён',
            ifNull(s.show_date > toDate(now('Europe/Moscow')), 0), 'впереди',
            s.finish_date >= toDate(now('Europe/Moscow')) OR ifNull(s.show_date = toDate(now('Europe/Moscow')), 0), 'идёт',
            'прошёл') AS show_status,
        s.shows AS shows, s.capacity AS capacity, s.measured AS measured,
        s.tickets_sold AS tickets_sold, s.tickets_free AS tickets_free, s.tickets_refunded AS tickets_refunded,
        toFloat64(s.revenue_rub) AS revenue_rub, toFloat64(s.refunds_rub) AS refunds_rub,
        toFloat64(s.revenue_rub - s.refunds_rub) AS net_revenue_rub,
        net_revenue_rub * l.organiser_share_pct / 100 AS income_rub,
        toFloat64(s.spend_rub) AS spend_rub, s.impressions AS impressions, s.clicks AS clicks,
        -- Sales know their show: spend that names none, or several, meets no sales.
        if(s.spend_rub > 0 AND s.shows + s.cancelled > 0, income_rub / toFloat64(s.spend_rub), NULL) AS roas
    FROM fact_show_totals AS s
    LEFT ANY JOIN (SELECT event_id, event_name FROM dim_events FINAL) AS e ON s.event_id = e.event_id
    LEFT ANY JOIN (SELECT city, city_name FROM dim_cities FINAL) AS c ON s.city = c.city
    CROSS JOIN v_settings AS l
)
SELECT
    show_date,
    CAST(city AS LowCardinality(String)) AS city,
    city_name,
    event_id,
    event_name,
    CAST(show_status AS LowCardinality(String)) AS show_status,
    toInt64(dateDiff('day', toDate(now('Europe/Moscow')), show_date)) AS days_to_show,
    shows,
    capacity,
    tickets_sold,
    tickets_sold - tickets_free AS tickets_paid,
    tickets_free,
    tickets_refunded,
    if(capacity > 0 AND measured = shows, (tickets_sold - tickets_refunded) / capacity * 100, NULL) AS sell_through_pct,
    revenue_rub,
    refunds_rub,
    net_revenue_rub,
    income_rub AS organiser_income_rub,
    spend_rub,
    impressions,
    clicks,
    if(tickets_sold > tickets_free, revenue_rub / (tickets_sold - tickets_free), NULL) AS avg_ticket_rub,
    if(roas IS NOT NULL AND tickets_sold > tickets_free, spend_rub / (tickets_sold - tickets_free), NULL) AS cpt_rub,
    roas,
    (roas - 1) * 100 AS romi_pct,
    t.romi_status AS romi_status,
    t.romi_status_code AS romi_status_code,
    t.roas_green_above AS roas_green_above,
    t.roas_yellow_from AS roas_yellow_from
FROM named AS n
ASOF JOIN v_romi_lights AS t
    ON toUInt8(multiIf(n.spend_rub <= 0, 0, n.roas IS NULL, 2, 1)) = t.light_kind AND round(ifNull(n.roas, 0), 9) >= t.roas_from
)
COMMENT 'Показы: продажи, заполнение, расход и ROMI'
