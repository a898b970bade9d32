-- v_show_performance from the facts alone, without what is added up for it.
WITH
fact_show_daily AS
(
    WITH parts AS
    (
        SELECT
            sale_date AS day, date, sales_source, show_id, event_id, event_name, city, CAST(NULL AS Nullable(Date)) AS show_date,
            tickets_sold, tickets_free, tickets_refunded, tickets_refunded_free, tickets_removed, tickets_removed_free,
            revenue_rub, refunds_rub,
            toDecimal64(0, 2) AS spend_rub, toInt64(0) AS impressions, toInt64(0) AS clicks
        FROM fact_sales_attributed_daily
        UNION ALL
        SELECT
            date AS day, date, '' AS sales_source, toUInt64(0) AS show_id, toUInt64(0) AS event_id, '' AS event_name, city, show_date,
            toUInt64(0) AS tickets_sold, toUInt64(0) AS tickets_free, toUInt64(0) AS tickets_refunded,
            toUInt64(0) AS tickets_refunded_free, toUInt64(0) AS tickets_removed, toUInt64(0) AS tickets_removed_free,
            toDecimal64(0, 2) AS revenue_rub, toDecimal64(0, 2) AS refunds_rub,
            spend_rub, impressions, clicks
        FROM fact_marketing_daily
    )
    SELECT
        p.day AS day,
        p.date AS date,
        p.sales_source AS sales_source,
        p.show_id AS show_id,
        p.event_id AS event_id,
        p.event_name AS event_name,
        p.city AS city,
        p.show_date AS show_date,
        sum(p.tickets_sold) AS tickets_sold,
        sum(p.tickets_free) AS tickets_free,
        sum(p.tickets_refunded) AS tickets_refunded,
        sum(p.tickets_refunded_free) AS tickets_refunded_free,
        sum(p.tickets_removed) AS tickets_removed,
        sum(p.tickets_removed_free) AS tickets_removed_free,
        sum(p.revenue_rub) AS revenue_rub,
        sum(p.refunds_rub) AS refunds_rub,
        sum(p.spend_rub) AS spend_rub,
        sum(p.impressions) AS impressions,
        sum(p.clicks) AS clicks
    FROM parts AS p
    GROUP BY p.day, p.date, p.sales_source, p.show_id, p.event_id, p.event_name, p.city, p.show_date
),
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
