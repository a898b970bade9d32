-- Sales say the cities, events and shows of the catalogue as it is now: what it changed was rebuilt within half an hour.
-- asset: fact_qtickets_sales_daily
-- severity: error
-- blocking: no
-- ru: Продажи отстали от каталога мероприятий
-- ru_action: Постройте факты заново за дни из v_sales_outdated (задание marts_refresh); загружать ничего не нужно.
-- action: rebuild the facts of the days in v_sales_outdated (job marts_refresh); nothing needs to be loaded
WITH late AS
(
    SELECT sale_date, revenue_rub FROM v_sales_outdated WHERE changed_at < now() - INTERVAL 30 MINUTE
)
SELECT
    if(count() = 0, 'ok', 'error') AS status,
    toFloat64(count()) AS figure,
    0. AS threshold,
    if(count() = 0, 'every day of sales follows the catalogue',
        concat(toString(count()), ' days do not, ', toString(round(sum(revenue_rub), 2)), ' RUB, from ', toString(min(sale_date)), ' to ',
            toString(max(sale_date)))) AS detail
FROM late
