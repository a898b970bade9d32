-- The attributed sales hold exactly the money and tickets of both channels' lines: nothing lost, nothing multiplied.
-- asset: fact_sales_attributed_daily
-- severity: error
-- blocking: no
-- ru: Продажи с атрибуцией не равны билетам
-- ru_action: Запустите reload_days за дни, названные в подробностях.
-- action: run the job reload_days for the days the detail names
WITH sides AS
(
    SELECT
        sale_date, sales_source AS channel,
        revenue_rub, refunds_rub, toInt64(tickets_sold) AS sold, toInt64(tickets_removed) AS removed
    FROM fact_sales_attributed_daily
    UNION ALL
    SELECT
        sale_date, channel,
        if(is_removed = 1, 0, -price_rub) AS revenue_rub, -refunded_rub AS refunds_rub,
        if(is_removed = 1, 0, -toInt64(tickets)) AS sold, if(removed_date IS NULL, 0, -toInt64(tickets)) AS removed
    FROM stg_qtickets_sales_raw FINAL
),
days AS
(
    SELECT s.sale_date AS sale_date, sum(s.revenue_rub) AS revenue_gap, sum(s.refunds_rub) AS refunds_gap
    FROM sides AS s
    GROUP BY s.sale_date, s.channel
    HAVING revenue_gap != 0 OR refunds_gap != 0 OR sum(s.sold) != 0 OR sum(s.removed) != 0
)
SELECT
    if(count() = 0, 'ok', 'error') AS status,
    toFloat64(count()) AS figure,
    0. AS threshold,
    if(count() = 0, 'attributed sales equal the sale lines on every day',
        concat(toString(count()), ' days differ, by ', toString(sum(revenue_gap)), ' RUB of sales and ',
            toString(sum(refunds_gap)), ' RUB of refunds, from ', toString(min(sale_date)), ' to ', toString(max(sale_date)))) AS detail
FROM days
