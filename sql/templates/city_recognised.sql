-- Most of the spend of {{asset}} in 30 days has a city; how much may lack one is a setting.
WITH month AS
(
    SELECT
        toFloat64(sum({{spend}})) AS spend,
        toFloat64(sumIf({{spend}}, city = 'не указано')) AS nowhere,
        (SELECT max(value) FROM dim_settings FINAL WHERE key = 'unmapped_warn_pct') AS most
    FROM {{asset}} {{final}}
    WHERE date > (SELECT max(date) FROM {{asset}}) - 30
)
SELECT
    if(nowhere * 100 <= spend * most, 'ok', 'warning') AS status,
    if(spend > 0, nowhere / spend * 100, 0.) AS figure,
    most AS threshold,
    concat(toString(round(nowhere, 2)), ' of ', toString(round(spend, 2)), ' RUB without a city in 30 days') AS detail
FROM month
