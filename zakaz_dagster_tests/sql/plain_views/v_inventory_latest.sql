-- v_inventory_latest from the facts alone, without what is added up for it.
WITH
seats AS
(
    SELECT
        f.show_id AS show_id,
        argMax(f.event_id, f.snapshot_date) AS event_id,
        max(f.snapshot_at) AS snapshot_at,
        toInt64(argMax(f.seats_capacity, f.snapshot_date)) AS seats_capacity,
        toInt64(argMax(f.seats_total, f.snapshot_date)) AS seats_total,
        toInt64(argMax(f.seats_sold, f.snapshot_date)) AS seats_sold,
        toInt64(argMax(f.seats_held, f.snapshot_date)) AS seats_held,
        toInt64(argMax(f.seats_free, f.snapshot_date)) AS seats_free,
        toInt64(argMax(f.seats_disabled, f.snapshot_date)) AS seats_disabled
    FROM fact_inventory_daily AS f
    GROUP BY f.show_id
),
shows AS
(
    SELECT show_id, event_name, city, toNullable(show_date) AS show_date, finish_date, show_time, is_deleted
    FROM dim_shows FINAL
)
SELECT
    f.show_id AS show_id,
    f.event_id AS event_id,
    if(ifNull(s.event_name, '') = '', 'не указано', ifNull(s.event_name, '')) AS event_name,
    CAST(if(ifNull(s.city, '') = '', 'не указано', ifNull(s.city, '')) AS LowCardinality(String)) AS city,
    if(ifNull(c.city_name, '') = '', if(ifNull(s.city, '') = '', 'Не указано', CAST(ifNull(s.city, '') AS String)), ifNull(c.city_name, '')) AS city_name,
    s.show_date AS show_date,
    ifNull(s.show_time, '') AS show_time,
    CAST(multiIf(
        s.show_date IS NULL, 'нет в афише',
        ifNull(s.is_deleted, 0) = 1, 'отменён',
        ifNull(s.show_date > toDate(now('Europe/Moscow')), 0), 'впереди',
        ifNull(greatest(s.show_date, s.finish_date) >= toDate(now('Europe/Moscow')), 0), 'идёт',
        'прошёл') AS LowCardinality(String)) AS show_status,
    f.seats_capacity AS seats_capacity,
    f.seats_total AS seats_total,
    f.seats_sold AS seats_sold,
    f.seats_held AS seats_held,
    f.seats_free AS seats_free,
    f.seats_disabled AS seats_disabled,
    if(f.seats_capacity > 0, f.seats_sold / f.seats_capacity * 100, NULL) AS sell_through_pct,
    f.snapshot_at AS snapshot_at,
    f.snapshot_at AS data_as_of
FROM seats AS f
LEFT ANY JOIN shows AS s ON f.show_id = s.show_id
LEFT ANY JOIN (SELECT city, city_name FROM dim_cities FINAL) AS c ON s.city = c.city
