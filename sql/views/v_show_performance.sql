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
WITH
shows AS
(
    SELECT
        show_id, event_id, event_name, if(city = '', 'не указано', CAST(city AS String)) AS city,
        toNullable(show_date) AS show_date, finish_date, is_deleted
    FROM dim_shows FINAL
),
moved AS
(
    SELECT
        f.show_id AS show_id, f.event_id AS event_id, f.event_name AS reported_name, CAST(f.city AS String) AS city,
        f.show_date AS tag_date,
        toInt64(sum(if((f.sales_source = 'mail') = (ifNull(t.mail_sales, 0) = 1), f.tickets_sold, 0))) AS tickets_sold,
        toInt64(sum(if((f.sales_source = 'mail') = (ifNull(t.mail_free, 0) = 1), f.tickets_free, 0))) AS tickets_free,
        toInt64(sum(if((f.sales_source = 'mail') = (ifNull(t.mail_refunded_tickets, 0) = 1), f.tickets_refunded, 0))) AS tickets_refunded,
        sum(if((f.sales_source = 'mail') = (ifNull(t.mail_sales, 0) = 1), f.revenue_rub, toDecimal64(0, 2))) AS revenue_rub,
        sum(if((f.sales_source = 'mail') = (ifNull(t.mail_refunds, 0) = 1), f.refunds_rub, toDecimal64(0, 2))) AS refunds_rub,
        sum(f.spend_rub) AS spend_rub,
        sum(f.impressions) AS impressions,
        sum(f.clicks) AS clicks
    FROM fact_show_daily AS f
    LEFT ANY JOIN fact_sales_channel_daily AS t ON f.date = t.date AND f.city = t.city
    GROUP BY f.show_id, f.event_id, f.event_name, f.city, f.show_date
    HAVING tickets_sold != 0 OR tickets_free != 0 OR tickets_refunded != 0 OR revenue_rub != 0 OR refunds_rub != 0
        OR spend_rub != 0 OR impressions != 0 OR clicks != 0
),
-- The event of a city's day, when it is the only one; a live one is preferred to a cancelled one. An exhibition is there on
-- every day of its run; of several runs of one event the one that began last is meant.
billed AS
(
    SELECT
        s.city AS city,
        toNullable(assumeNotNull(s.show_date) + step) AS day,
        groupUniqArrayIf(s.event_id, s.is_deleted = 0) AS live,
        groupUniqArray(s.event_id) AS listed,
        if(length(live) > 0, live, listed) AS events,
        if(length(live) > 0, maxIf(s.show_date, s.is_deleted = 0), max(s.show_date)) AS began
    FROM shows AS s
    ARRAY JOIN range(least(toUInt32(greatest(s.finish_date - assumeNotNull(s.show_date), 0)), 366) + 1) AS step
    GROUP BY city, day
),
seats AS
(
    SELECT f.show_id AS show_id, toInt64(argMax(f.seats_capacity, f.snapshot_date)) AS seats_capacity
    FROM fact_inventory_daily AS f
    GROUP BY f.show_id
),
parts AS
(
    SELECT
        s.show_date AS show_date, s.city AS city, s.event_id AS event_id, '' AS reported_name, s.event_name AS event_name,
        toInt64(s.is_deleted = 0) AS shows, toInt64(s.is_deleted = 1) AS cancelled, s.finish_date AS finish_date,
        toInt64(0) AS is_ambiguous,
        toInt64(if(s.is_deleted = 0, ifNull(p.seats_capacity, 0), 0)) AS capacity,
        toInt64(s.is_deleted = 0 AND ifNull(p.seats_capacity, 0) > 0) AS measured,
        toInt64(0) AS tickets_sold, toInt64(0) AS tickets_free, toInt64(0) AS tickets_refunded,
        toDecimal64(0, 2) AS revenue_rub, toDecimal64(0, 2) AS refunds_rub,
        toDecimal64(0, 2) AS spend_rub, toInt64(0) AS impressions, toInt64(0) AS clicks
    FROM shows AS s
    LEFT ANY JOIN seats AS p ON s.show_id = p.show_id
    UNION ALL
    -- A sale knows its show, and has the city that every view says of it; spend knows a city and a day.
    SELECT
        coalesce(s.show_date, if(length(b.events) = 1, b.began, NULL), f.tag_date) AS show_date,
        f.city AS city,
        multiIf(s.show_date IS NOT NULL, ifNull(s.event_id, 0), length(b.events) = 1, b.events[1], f.event_id) AS event_id,
        if(s.show_date IS NULL, f.reported_name, '') AS reported_name,
        '' AS event_name, 0 AS shows, 0 AS cancelled, toDate(0) AS finish_date,
        toInt64(length(b.events) > 1) AS is_ambiguous, 0 AS capacity, 0 AS measured,
        f.tickets_sold AS tickets_sold, f.tickets_free AS tickets_free, f.tickets_refunded AS tickets_refunded,
        f.revenue_rub AS revenue_rub, f.refunds_rub AS refunds_rub,
        f.spend_rub AS spend_rub, f.impressions AS impressions, f.clicks AS clicks
    FROM moved AS f
    LEFT ANY JOIN shows AS s ON f.show_id = s.show_id
    LEFT ANY JOIN billed AS b ON f.city = b.city AND f.tag_date = b.day
),
summed AS
(
    SELECT
        p.show_date AS show_date,
        p.city AS city,
        p.event_id AS event_id,
        p.reported_name AS reported_name,
        max(p.event_name) AS event_name,
        sum(p.shows) AS shows,
        sum(p.cancelled) AS cancelled,
        max(p.finish_date) AS finish_date,
        max(p.is_ambiguous) AS is_ambiguous,
        sum(p.capacity) AS capacity,
        sum(p.measured) AS measured,
        sum(p.tickets_sold) AS tickets_sold,
        sum(p.tickets_free) AS tickets_free,
        sum(p.tickets_refunded) AS tickets_refunded,
        toFloat64(sum(p.revenue_rub)) AS revenue_rub,
        toFloat64(sum(p.refunds_rub)) AS refunds_rub,
        toFloat64(sum(p.revenue_rub) - sum(p.refunds_rub)) AS net_revenue_rub,
        toFloat64(sum(p.spend_rub)) AS spend_rub,
        sum(p.impressions) AS impressions,
        sum(p.clicks) AS clicks
    FROM parts AS p
    GROUP BY p.show_date, p.city, p.event_id, p.reported_name
),
named AS
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
        s.revenue_rub AS revenue_rub, s.refunds_rub AS refunds_rub, s.net_revenue_rub AS net_revenue_rub,
        s.net_revenue_rub * l.organiser_share_pct / 100 AS income_rub,
        s.spend_rub AS spend_rub, s.impressions AS impressions, s.clicks AS clicks,
        -- Sales know their show: spend that names none, or several, meets no sales.
        if(s.spend_rub > 0 AND s.shows + s.cancelled > 0, income_rub / s.spend_rub, NULL) AS roas
    FROM summed AS s
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
