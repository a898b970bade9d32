INSERT INTO meta_day_loads (source, day, covered_until, _ver)
SELECT
    ['qtickets', 'vk_ads', 'yandex_direct'][number % 3 + 1] AS source,
    {first:Date} + intDiv(number, 3) AS day,
    toDateTime(day + 1) + 10800 AS covered_until,
    1 AS _ver
FROM numbers({days:UInt64} * 3)
