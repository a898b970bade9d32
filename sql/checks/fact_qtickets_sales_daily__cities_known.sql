-- Every sale of the last 30 days has a city of the seed: an unknown spelling is a city of its own, beside its real one.
-- asset: fact_qtickets_sales_daily
-- severity: warn
-- blocking: no
-- ru: Продажи в неизвестных городах
-- ru_action: Откройте v_sales_unmapped; добавьте написания в sql/seeds/city_aliases.csv или укажите город мероприятия в QTickets.
-- action: open v_sales_unmapped; add the spellings to sql/seeds/city_aliases.csv, or name the event's city in QTickets
WITH unknown AS
(
    SELECT city, sum(revenue_rub) AS revenue_rub
    FROM fact_qtickets_sales_daily
    WHERE date > (SELECT max(date) FROM fact_qtickets_sales_daily) - 30
        AND (city = 'не указано' OR city NOT IN (SELECT city FROM dim_cities FINAL WHERE is_known = 1))
    GROUP BY city
)
SELECT
    if(count() = 0, 'ok', 'warning') AS status,
    toFloat64(count()) AS figure,
    0. AS threshold,
    if(count() = 0, 'every city is known',
        concat(toString(count()), ' cities are not, ', toString(sum(revenue_rub)), ' RUB, most in «', argMax(CAST(city AS String), revenue_rub), '»')) AS detail
FROM unknown
