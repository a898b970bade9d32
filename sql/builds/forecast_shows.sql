-- Show days that have sold a paid ticket: when they opened, end and sold out, and whose programme they belong to.
-- A programme is the title in «» of the event's name, or the name without its city; dim_programmes corrects it.
-- grain: one row per show_key
WITH
sessions AS
(
    SELECT
        concat(toString(v.event_id), '|', if(v.city = '', 'не указано', v.city), '|', toString(v.show_date)) AS show_key,
        v.show_id AS show_id, v.event_id AS event_id, if(v.city = '', 'не указано', v.city) AS city, v.event_name AS event_name,
        v.show_date AS show_date, greatest(v.show_date, v.finish_date) AS finish_date, v.is_deleted AS is_deleted
    FROM dim_shows AS v FINAL
),
show_days AS
(
    SELECT
        s.show_key AS show_key, any(s.event_id) AS event_id, any(s.city) AS city, any(s.show_date) AS show_date,
        min(s.show_id) AS show_id, max(s.event_name) AS event_name,
        countIf(s.is_deleted = 0) AS live,
        if(live > 0, maxIf(s.finish_date, s.is_deleted = 0), max(s.finish_date)) AS finish_on,
        trimBoth(replaceRegexpAll(lowerUTF8(if(extract(event_name, '«([^»]+)»') != '', extract(event_name, '«([^»]+)»'),
            replaceAll(lowerUTF8(event_name), city, ' '))), '[^\\p{L}\\p{N}]+', ' ')) AS title
    FROM sessions AS s
    GROUP BY s.show_key
),
opened AS
(
    SELECT show_key, min(day) AS opened_on FROM forecast_curve WHERE paid > 0 GROUP BY show_key
),
seats AS
(
    SELECT
        s.show_key AS show_key, f.snapshot_date AS day, count() AS measured,
        toInt64(sum(f.seats_free)) + toInt64(sum(f.seats_held)) AS places_left, toInt64(sum(f.seats_capacity)) AS places
    FROM sessions AS s
    INNER JOIN fact_inventory_daily AS f ON s.show_id = f.show_id
    WHERE s.is_deleted = 0 AND f.seats_capacity > 0
    GROUP BY s.show_key, f.snapshot_date
),
sold_out AS
(
    SELECT t.show_key AS show_key, toNullable(min(t.day)) AS day
    FROM seats AS t
    INNER JOIN show_days AS d ON t.show_key = d.show_key
    WHERE t.measured = d.live AND t.places_left <= greatest(2, t.places / 100) AND t.day <= d.finish_on
    GROUP BY t.show_key
)
SELECT
    d.show_key AS show_key,
    d.event_id AS event_id,
    d.city AS city,
    d.show_date AS show_date,
    d.show_id AS show_id,
    d.event_name AS event_name,
    if(ifNull(p.programme, '') != '', ifNull(p.programme, ''), d.title) AS programme,
    toUInt8(dateDiff('day', d.show_date, d.finish_on) >= 3) AS is_run,
    o.opened_on AS opened_on,
    greatest(d.finish_on, o.opened_on) AS finish_on,
    q.day AS sold_out_on,
    toUInt8(d.live = 0) AS is_cancelled
FROM show_days AS d
INNER JOIN opened AS o ON d.show_key = o.show_key
LEFT ANY JOIN dim_programmes AS p FINAL ON d.title = p.title
LEFT ANY JOIN sold_out AS q ON d.show_key = q.show_key
