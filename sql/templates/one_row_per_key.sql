-- A key of {{asset}} stands once in the last 90 days.
WITH twice AS
(
    SELECT {{day}} AS day
    FROM {{asset}}
    WHERE {{day}} > (SELECT max({{day}}) FROM {{asset}}) - 90
    GROUP BY {{key}}
    HAVING count() > 1
)
SELECT
    if(count() = 0, 'ok', 'error') AS status,
    toFloat64(count()) AS figure,
    0. AS threshold,
    if(count() = 0, 'every key stands once',
        concat(toString(count()), ' stand twice, from ', toString(min(day)), ' to ', toString(max(day)))) AS detail
FROM twice
