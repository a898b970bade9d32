INSERT INTO dim_shows (show_id, event_id, event_name, city, show_date, finish_date, starts_at, is_active, _ver)
SELECT
    number + 1 AS show_id,
    number % {events:UInt64} + 1 AS event_id,
    concat('Шоу ', toString(number % {events:UInt64})) AS event_name,
    {cities:Array(String)}[number % 10 + 1] AS city,
    {first:Date} + intDiv(number, {opening:UInt64}) + {life:UInt64} AS show_date,
    show_date AS finish_date,
    toDateTime(show_date) AS starts_at,
    1 AS is_active,
    1 AS _ver
FROM numbers({opening:UInt64} * ({days:UInt64} + {life:UInt64}))
