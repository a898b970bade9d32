-- Events with their city in the one spelling; an unknown city keeps its normal form.
-- grain: one row per event
-- changed_ns stays what it was while name, city and deletion stay: facts older than it are out of date.
WITH
shows AS
(
    SELECT
        s.event_id AS event_id,
        minOrNullIf(s.show_date, s.is_deleted = 0) AS first_show_date,
        maxOrNullIf(s.finish_date, s.is_deleted = 0) AS last_show_date,
        toUInt32(countIf(s.is_deleted = 0)) AS shows
    FROM stg_qtickets_shows_raw AS s FINAL
    GROUP BY s.event_id
),
named AS
(
    SELECT e.*, if(a.city = '', e.city_key, CAST(a.city AS String)) AS city
    FROM stg_qtickets_events_raw AS e FINAL
    LEFT ANY JOIN (SELECT alias, city FROM dim_city_alias FINAL) AS a ON e.city_key = a.alias
)
SELECT
    n.event_id AS event_id,
    n.event_name AS event_name,
    n.event_key AS event_key,
    n.city AS city,
    n.city_raw AS city_raw,
    n.timezone AS timezone,
    n.place_name AS place_name,
    n.is_active AS is_active,
    n.is_deleted AS is_deleted,
    s.first_show_date AS first_show_date,
    s.last_show_date AS last_show_date,
    s.shows AS shows,
    if(was.event_id = n.event_id AND was.event_name = n.event_name AND was.event_key = n.event_key AND was.city = n.city
        AND was.is_deleted = n.is_deleted, was.changed_ns, {ver:UInt64}) AS changed_ns
FROM named AS n
LEFT ANY JOIN shows AS s ON n.event_id = s.event_id
LEFT ANY JOIN
(
    SELECT event_id, event_name, event_key, city, is_deleted, changed_ns FROM dim_events FINAL
) AS was ON n.event_id = was.event_id
