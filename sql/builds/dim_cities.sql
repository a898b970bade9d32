-- Cities of the seed, and those it does not know: an unknown city is kept under its own name, nothing is guessed.
-- grain: one row per city
WITH
written AS
(
    SELECT city_key, city_raw FROM stg_qtickets_events_raw FINAL WHERE city_key != ''
    UNION ALL
    SELECT city_key, city_raw FROM stg_qtickets_sales_raw WHERE channel = 'mail' AND city_key != '' GROUP BY city_key, city_raw
    UNION ALL
    SELECT city_key, city_raw FROM plan_sales FINAL WHERE city_key != '' GROUP BY city_key, city_raw
),
unknown AS
(
    SELECT w.city_key AS city, argMin(w.name, (position(w.name, '-') = 0, lengthUTF8(w.name), w.name = upperUTF8(w.name), w.name)) AS name
    FROM
    (
        SELECT city_key, trimBoth(replaceRegexpAll(city_raw, '[\\s\\p{Z}]+', ' ')) AS name
        FROM written
    ) AS w
    WHERE w.city_key NOT IN (SELECT alias FROM dim_city_alias FINAL)
    GROUP BY w.city_key
)
SELECT a.city AS city, any(a.display) AS city_name, toUInt8(1) AS is_known
FROM dim_city_alias AS a FINAL
GROUP BY a.city
UNION ALL
SELECT u.city AS city, concat(upperUTF8(substringUTF8(u.name, 1, 1)), substringUTF8(u.name, 2)) AS city_name, toUInt8(0) AS is_known
FROM unknown AS u
UNION ALL
SELECT 'не указано' AS city, 'Не указано' AS city_name, toUInt8(1) AS is_known
