INSERT INTO dim_events (event_id, event_name, city, _ver)
SELECT
    number + 1 AS event_id,
    concat('Шоу ', toString(number)) AS event_name,
    {cities:Array(String)}[number % 10 + 1] AS city,
    1 AS _ver
FROM numbers({events:UInt64})
