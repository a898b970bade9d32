-- Shows with the name and city of their event.
-- grain: one row per show
-- changed_ns stays what it was while event, city, dates and deletion stay: facts older than it are out of date.
WITH placed AS
(
    SELECT s.*, e.event_name AS event_name, e.city AS city
    FROM stg_qtickets_shows_raw AS s FINAL
    LEFT ANY JOIN (SELECT event_id, event_name, city FROM dim_events FINAL) AS e ON s.event_id = e.event_id
)
SELECT
    p.show_id AS show_id,
    p.event_id AS event_id,
    p.event_name AS event_name,
    p.city AS city,
    p.timezone AS timezone,
    p.show_date AS show_date,
    p.show_time AS show_time,
    p.finish_date AS finish_date,
    p.starts_at AS starts_at,
    p.is_active AS is_active,
    p.is_deleted AS is_deleted,
    if(was.show_id = p.show_id AND was.event_id = p.event_id AND was.city = p.city AND was.show_date = p.show_date
        AND was.finish_date = p.finish_date AND was.is_deleted = p.is_deleted,
        was.changed_ns, {ver:UInt64}) AS changed_ns
FROM placed AS p
LEFT ANY JOIN
(
    SELECT show_id, event_id, city, show_date, finish_date, is_deleted, changed_ns FROM dim_shows FINAL
) AS was ON p.show_id = was.show_id
