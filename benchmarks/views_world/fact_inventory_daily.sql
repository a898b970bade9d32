INSERT INTO fact_inventory_daily (* EXCEPT (_ver, _run_id))
SELECT
    {first:Date} + intDiv(number, {opening:UInt64} * {life:UInt64}) AS snapshot_date,
    intDiv(number, {opening:UInt64} * {life:UInt64}) * {opening:UInt64} + number % ({opening:UInt64} * {life:UInt64}) + 1 AS show_id,
    1 AS event_id,
    toDateTime(snapshot_date) + 80000 AS snapshot_at,
    500 AS seats_capacity,
    500 AS seats_total,
    300 AS seats_free,
    200 AS seats_sold,
    0 AS seats_held,
    0 AS seats_disabled,
    snapshot_at AS _loaded_at
FROM numbers({begin:UInt64} * {opening:UInt64} * {life:UInt64}, {length:UInt64} * {opening:UInt64} * {life:UInt64})
