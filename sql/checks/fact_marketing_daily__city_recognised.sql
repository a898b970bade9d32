-- Most of the spend of 30 days has a city; spend without one enters no city's ROMI.
-- asset: fact_marketing_daily
-- severity: warn
-- blocking: no
-- ru: Реклама: у заметной части расхода нет города
-- ru_action: Добавьте названия в sql/seeds/city_aliases.csv или поправьте метки: расход без города не входит в ROMI городов.
-- action: open v_utm_unmapped; tag the links city_dd_mm, name the city in the campaign, or add its spelling to city_aliases.csv
WITH month AS
(
    SELECT
        toFloat64(sum(spend_rub)) AS spend,
        toFloat64(sumIf(spend_rub, city = 'не указано')) AS nowhere,
        (SELECT max(value) FROM dim_settings WHERE key = 'unmapped_warn_pct') AS most
    FROM fact_marketing_daily
    WHERE date > (SELECT max(date) FROM fact_marketing_daily) - 30
)
SELECT
    if(nowhere * 100 <= spend * most, 'ok', 'warning') AS status,
    if(spend > 0, nowhere / spend * 100, 0.) AS figure,
    most AS threshold,
    concat(toString(round(nowhere, 2)), ' of ', toString(round(spend, 2)), ' RUB without a city in 30 days') AS detail
FROM month
