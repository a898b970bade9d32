-- Direct still tells the links of most ads that spent in 30 days; without one an ad's city is a guess from names.
-- asset: fact_direct_daily
-- severity: warn
-- blocking: no
-- ru: Яндекс.Директ: у объявлений с расходом нет ссылок
-- ru_action: Запустите yandex_direct_daily; город таких объявлений пока угадан по названиям.
-- action: look whether the ads were deleted, or take their link from a feed; tag the campaign's URL parameters instead
WITH month AS
(
    SELECT sum(cost_rub) AS spent, sumIf(cost_rub, ad_id != 0 AND landing_url = '') AS nowhere
    FROM fact_direct_daily FINAL
    WHERE date > (SELECT max(date) FROM fact_direct_daily) - 30
)
SELECT
    if(nowhere <= spent * 0.1, 'ok', 'warning') AS status,
    if(spent > 0, toFloat64(nowhere) / toFloat64(spent) * 100, 0.) AS figure,
    10. AS threshold,
    concat(toString(nowhere), ' of ', toString(spent), ' RUB on ads without a known link in 30 days') AS detail
FROM month
