-- A row is all sessions of an event in a city on a day, because a tag names a day and not a session. Sales belong to the show
-- of their ticket; spend to the show its tag names. Spend that names no show, or a day of several events, keeps a row of its own.
-- grain: one row per (show_date, city, event_id, reported_name)
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
        CAST(NULL AS Nullable(Date)) AS tag_date,
        sum(f.tickets_sold) AS tickets_sold,
        sum(f.tickets_free) AS tickets_free,
        sum(f.tickets_refunded) AS tickets_refunded,
        sum(f.revenue_rub) AS revenue_rub,
        sum(f.refunds_rub) AS refunds_rub,
        toDecimal64(0, 2) AS spend_rub, toInt64(0) AS impressions, toInt64(0) AS clicks
    FROM fact_sales_counted_daily AS f
    GROUP BY f.show_id, f.event_id, f.event_name, f.city
    HAVING tickets_sold != 0 OR tickets_free != 0 OR tickets_refunded != 0 OR revenue_rub != 0 OR refunds_rub != 0
    UNION ALL
    SELECT
        toUInt64(0) AS show_id, toUInt64(0) AS event_id, '' AS reported_name, CAST(m.city AS String) AS city,
        m.show_date AS tag_date,
        toInt64(0) AS tickets_sold, toInt64(0) AS tickets_free, toInt64(0) AS tickets_refunded,
        toDecimal64(0, 2) AS revenue_rub, toDecimal64(0, 2) AS refunds_rub,
        sum(m.spend_rub) AS spend_rub, sum(m.impressions) AS impressions, sum(m.clicks) AS clicks
    FROM fact_marketing_daily AS m
    GROUP BY m.city, m.show_date
    HAVING spend_rub != 0 OR impressions != 0 OR clicks != 0
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
    SELECT f.show_id AS show_id, toInt64(argMax(f.seats_capacity, f.month)) AS seats_capacity
    FROM fact_inventory_monthly AS f
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
)
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
    sum(p.revenue_rub) AS revenue_rub,
    sum(p.refunds_rub) AS refunds_rub,
    sum(p.spend_rub) AS spend_rub,
    sum(p.impressions) AS impressions,
    sum(p.clicks) AS clicks
FROM parts AS p
GROUP BY p.show_date, p.city, p.event_id, p.reported_name
