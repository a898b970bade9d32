-- What is known about each show day that still sells after the data day `last`: sales, prices, places, plan, spend, forecast.
-- Attributed tickets are those of the rungs ad … show; the price is that of 14 days (from ten tickets on), else since opening.
-- Reads the forecasts of that day and those before it, never later ones.
-- target: decision_shows
-- grain: one row per show_key, upcoming or running, that is live, sold or advertised
WITH
today AS
(
    SELECT {last:Date} AS y
),
sessions AS
(
    SELECT
        concat(toString(v.event_id), '|', if(v.city = '', 'не указано', v.city), '|', toString(v.show_date)) AS show_key,
        v.show_id AS show_id, v.event_id AS event_id, v.event_name AS event_name,
        CAST(if(v.city = '', 'не указано', v.city), 'String') AS city,
        v.show_date AS show_date, greatest(v.show_date, v.finish_date) AS finish_date, v.is_deleted AS is_deleted
    FROM dim_shows AS v FINAL
),
show_days AS
(
    SELECT
        s.show_key AS show_key, any(s.event_id) AS event_id, any(s.city) AS city, any(s.show_date) AS show_date,
        min(s.show_id) AS show_id, max(s.event_name) AS event_name, countIf(s.is_deleted = 0) AS live,
        if(live > 0, maxIf(s.finish_date, s.is_deleted = 0), max(s.finish_date)) AS finish_on
    FROM sessions AS s
    GROUP BY s.show_key
),
attributed AS
(
    SELECT
        s.show_key AS show_key,
        sumIf(a.tickets_sold - a.tickets_free, a.sale_date > t.y - 7 AND a.match_level IN ('ad', 'campaign', 'utm', 'show')) AS week,
        sumIf(a.tickets_sold - a.tickets_free, a.sale_date <= t.y - 7 AND a.match_level IN ('ad', 'campaign', 'utm', 'show')) AS earlier,
        sumIf(a.tickets_sold - a.tickets_free, a.sale_date > t.y - 14 AND a.match_level IN ('ad', 'campaign', 'utm', 'show')) AS strong,
        sumIf(a.tickets_sold - a.tickets_free, a.sale_date > t.y - 14 AND a.match_level IN ('city', 'source')) AS weak,
        sumIf(a.tickets_sold - a.tickets_free, a.sale_date > t.y - 14) AS fortnight,
        sum(a.tickets_free) AS free
    FROM v_sales_attributed AS a
    INNER JOIN sessions AS s ON a.show_id = s.show_id
    CROSS JOIN today AS t
    WHERE a.sale_date <= t.y
    GROUP BY s.show_key
),
prices AS
(
    SELECT
        c.show_key AS show_key,
        sum(c.paid) AS sold,
        min(c.day) AS opened_on,
        sum(c.net_rub) AS net_rub,
        sumIf(c.paid, c.day > t.y - 14) AS late_paid,
        sumIf(c.net_rub, c.day > t.y - 14) AS late_rub,
        multiIf(late_paid >= 10 AND late_rub > 0, late_rub / late_paid, sold > 0 AND net_rub > 0, net_rub / sold, NULL) AS price
    FROM forecast_curve AS c
    CROSS JOIN today AS t
    WHERE c.day <= t.y
    GROUP BY c.show_key
),
seats AS
(
    SELECT
        s.show_key AS show_key, count() AS measured,
        toInt64(sum(f.seats_free)) + toInt64(sum(f.seats_held)) AS places_left, toInt64(sum(f.seats_capacity)) AS places
    FROM sessions AS s
    INNER JOIN
    (
        SELECT
            i.show_id AS show_id,
            argMax(i.seats_free, i.snapshot_date) AS seats_free, argMax(i.seats_held, i.snapshot_date) AS seats_held,
            argMax(i.seats_capacity, i.snapshot_date) AS seats_capacity
        FROM fact_inventory_daily AS i
        CROSS JOIN today AS t
        WHERE i.snapshot_date <= t.y
        GROUP BY i.show_id
    ) AS f ON s.show_id = f.show_id
    WHERE s.is_deleted = 0 AND f.seats_capacity > 0
    GROUP BY s.show_key
),
plans AS
(
    SELECT p.event_id AS event_id, CAST(p.city, 'String') AS city, sum(p.plan_tickets) AS plan_tickets
    FROM v_plan_vs_fact AS p
    WHERE p.event_id > 0 AND p.plan_tickets > 0
    GROUP BY p.event_id, p.city
),
stops AS
(
    SELECT d.event_id AS event_id, d.city AS city, countIf(d.live > 0) AS dates FROM show_days AS d GROUP BY d.event_id, d.city
),
said AS
(
    SELECT f.* FROM fact_forecast_daily AS f FINAL CROSS JOIN today AS t WHERE f.as_of = t.y
),
week_ago AS
(
    SELECT
        f.show_key AS show_key, toNullable(f.forecast_tickets) AS forecast, toNullable(f.forecast_tickets_lo) AS lo,
        toNullable(f.forecast_tickets_hi) AS hi
    FROM fact_forecast_daily AS f FINAL
    CROSS JOIN today AS t
    WHERE f.as_of = t.y - 7 AND f.silence = ''
),
dated AS
(
    SELECT f.show_id AS show_id, groupUniqArray(f.show_date) AS dates
    FROM fact_forecast_daily AS f
    CROSS JOIN today AS t
    WHERE f.as_of >= t.y - 7 AND f.as_of < t.y
    GROUP BY f.show_id
),
-- Horizons at which the last twenty shows would have been foretold better by «no more will be sold».
doubtful AS
(
    SELECT q.horizon AS horizon FROM v_forecast_quality AS q WHERE q.shows >= 20 AND q.wape_pct > q.naive_wape_pct
)
SELECT
    t.y AS data_day, d.show_key AS show_key, d.event_id AS event_id, d.city AS city, d.show_date AS show_date,
    d.event_name AS event_name,
    toInt64(dateDiff('day', t.y, d.finish_on)) AS days_left,
    toUInt8(d.live = 0) AS is_cancelled,
    toUInt8(length(g.dates) > 0 AND NOT has(g.dates, d.show_date)) AS is_moved,
    if(ifNull(p.show_key, '') = '', NULL, toInt64(dateDiff('day', p.opened_on, t.y) + 1)) AS days_on_sale,
    toInt64(ifNull(p.sold, 0)) AS sold, ifNull(p.net_rub, 0.) AS net_rub, p.price AS price,
    toInt64(ifNull(a.week, 0)) AS attributed_7d, toInt64(ifNull(a.earlier, 0)) AS attributed_before, toInt64(ifNull(a.free, 0)) AS free,
    if(ifNull(a.fortnight, 0) > 0, least(1., ifNull(a.strong, 0) / ifNull(a.fortnight, 1)), 0.) AS attributed_share,
    if(ifNull(a.strong + a.weak, 0) > 0, 100 * a.weak / (a.strong + a.weak), NULL) AS weak_share_pct,
    if(ifNull(s.measured, 0) = d.live AND d.live > 0, toNullable(s.places_left), NULL) AS places_left,
    if(ifNull(s.measured, 0) = d.live AND d.live > 0, toNullable(s.places), NULL) AS places,
    ifNull(m.spend_7d, 0.) AS spend_7d, ifNull(m.spend_total, 0.) AS spend_total,
    toInt64(ifNull(f.comparables, 0)) AS comparables,
    multiIf(
        ifNull(f.show_key, '') = '', 'none',
        ifNull(CAST(f.silence, 'String'), '') != '', ifNull(CAST(f.silence, 'String'), ''),
        multiIf(days_left <= 7, 7, days_left <= 14, 14, 30) IN (SELECT horizon FROM doubtful), 'naive',
        '') AS silence,
    f.forecast_tickets AS forecast, f.forecast_tickets_lo AS low, f.forecast_tickets_hi AS high,
    w.forecast AS ago, w.lo AS ago_lo, w.hi AS ago_hi,
    if(ifNull(n.dates, 0) = 1 AND ifNull(l.plan_tickets, 0) > 0, toNullable(toFloat64(l.plan_tickets)), NULL) AS plan_goal,
    toUInt8(ifNull(n.dates, 0) > 1 AND ifNull(l.plan_tickets, 0) > 0) AS is_plan_of_stop,
    if(ifNull(f.show_key, '') != '', f.tickets_sold + f.tickets_left, NULL) AS places_paid
FROM show_days AS d
CROSS JOIN today AS t
LEFT ANY JOIN prices AS p ON d.show_key = p.show_key
LEFT ANY JOIN attributed AS a ON d.show_key = a.show_key
LEFT ANY JOIN seats AS s ON d.show_key = s.show_key
LEFT ANY JOIN decision_spend AS m ON d.show_key = m.show_key
LEFT ANY JOIN said AS f ON d.show_key = f.show_key
LEFT ANY JOIN week_ago AS w ON d.show_key = w.show_key
LEFT ANY JOIN dated AS g ON d.show_id = g.show_id
LEFT ANY JOIN plans AS l ON d.event_id = l.event_id AND d.city = l.city
LEFT ANY JOIN stops AS n ON d.event_id = n.event_id AND d.city = n.city
WHERE d.finish_on > t.y AND (d.live > 0 OR ifNull(p.sold, 0) > 0 OR ifNull(m.show_key, '') != '')
