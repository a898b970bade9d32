-- The last snapshot of each show on each day.
-- day: snapshot_date
-- grain: one row per (snapshot_date, show)
SELECT
    s.snapshot_date AS snapshot_date,
    s.show_id AS show_id,
    argMax(s.event_id, s.snapshot_at) AS event_id,
    max(s.snapshot_at) AS snapshot_at,
    argMax(s.seats_capacity, s.snapshot_at) AS seats_capacity,
    argMax(s.seats_total, s.snapshot_at) AS seats_total,
    argMax(s.seats_free, s.snapshot_at) AS seats_free,
    argMax(s.seats_sold, s.snapshot_at) AS seats_sold,
    argMax(s.seats_held, s.snapshot_at) AS seats_held,
    argMax(s.seats_disabled, s.snapshot_at) AS seats_disabled
FROM stg_qtickets_inventory_raw AS s FINAL
WHERE s.snapshot_date BETWEEN {first:Date} AND {last:Date}
GROUP BY s.snapshot_date, s.show_id
