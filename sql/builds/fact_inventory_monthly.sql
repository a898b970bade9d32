-- The last snapshot of each show in each month that holds a day of first..last.
-- day: month
-- grain: one row per (month, show)
SELECT
    toStartOfMonth(f.snapshot_date) AS month,
    f.show_id AS show_id,
    max(f.snapshot_date) AS snapshot_date,
    argMax(f.event_id, f.snapshot_date) AS event_id,
    max(f.snapshot_at) AS snapshot_at,
    argMax(f.seats_capacity, f.snapshot_date) AS seats_capacity,
    argMax(f.seats_total, f.snapshot_date) AS seats_total,
    argMax(f.seats_free, f.snapshot_date) AS seats_free,
    argMax(f.seats_sold, f.snapshot_date) AS seats_sold,
    argMax(f.seats_held, f.snapshot_date) AS seats_held,
    argMax(f.seats_disabled, f.snapshot_date) AS seats_disabled
FROM fact_inventory_daily AS f
WHERE f.snapshot_date BETWEEN toStartOfMonth({first:Date}) AND toLastDayOfMonth({last:Date})
GROUP BY month, f.show_id
