-- Most of the spend of 30 days has a city, from tags or names.
-- asset: fact_direct_daily
-- severity: warn
-- blocking: no
-- ru: Яндекс.Директ: у заметной части расхода нет города
-- ru_action: Добавьте названия в sql/seeds/city_aliases.csv или поправьте метки и названия кампаний.
-- action: tag the links <city>_<dd>_<mm>, name the city in the campaign, or add its spelling to sql/seeds/city_aliases.csv
WITH month AS
(
    SELECT sum(cost_rub) AS spent, sumIf(cost_rub, city = 'не указано') AS nowhere
    FROM fact_direct_daily FINAL
    WHERE date > (SELECT max(date) FROM fact_direct_daily) - 30
)
SELECT
    if(nowhere <= spent * 0.3, 'ok', 'warning') AS status,
    if(spent > 0, toFloat64(nowhere) / toFloat64(spent) * 100, 0.) AS figure,
    30. AS threshold,
    concat(toString(nowhere), ' of ', toString(spent), ' RUB without a city in 30 days') AS detail
FROM month
