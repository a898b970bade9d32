-- Most of the revenue of 30 days that carries UTM can be read to the end; v_utm_unmapped lists the rest with its money.
-- asset: fact_sales_attributed_daily
-- severity: warn
-- blocking: no
-- ru: Много продаж с непонятными UTM-метками
-- ru_action: Откройте v_utm_unmapped; добавьте каналы в sql/seeds/channels.csv, города в sql/seeds/city_aliases.csv или поправьте метки.
-- action: open v_utm_unmapped; add channels to sql/seeds/channels.csv, cities to sql/seeds/city_aliases.csv, or correct the tags
WITH month AS
(
    SELECT
        toFloat64(sumIf(revenue_rub, channel_group != 'без меток')) AS tagged,
        toFloat64(sumIf(revenue_rub, utm_problem != '')) AS unmapped,
        (SELECT max(value) FROM dim_settings FINAL WHERE key = 'unmapped_warn_pct') AS most
    FROM fact_sales_attributed_daily
    WHERE sale_date > (SELECT max(sale_date) FROM fact_sales_attributed_daily) - 30
)
SELECT
    if(unmapped * 100 <= tagged * most, 'ok', 'warning') AS status,
    if(tagged > 0, unmapped / tagged * 100, 0.) AS figure,
    most AS threshold,
    concat(toString(round(unmapped, 2)), ' of ', toString(round(tagged, 2)), ' RUB with UTM are not read to the end') AS detail
FROM month
