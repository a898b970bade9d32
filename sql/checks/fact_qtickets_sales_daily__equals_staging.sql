-- The fact holds exactly the money of its sale lines, day by day.
-- asset: fact_qtickets_sales_daily
-- severity: error
-- blocking: no
-- ru: Продажи по дням не равны билетам
-- ru_action: Запустите reload_days за дни, названные в подробностях.
-- action: run the job reload_days for the days the detail names
WITH sides AS
(
    SELECT sale_date, sales_source AS channel, revenue_rub - refunds_rub AS net, toInt64(tickets_sold) AS tickets
    FROM fact_qtickets_sales_daily
    UNION ALL
    SELECT
        sale_date, channel, if(is_removed = 1, toDecimal64(0, 2), refunded_rub - price_rub) AS net,
        if(is_removed = 1, 0, -toInt64(tickets)) AS tickets
    FROM stg_qtickets_sales_raw FINAL
),
days AS
(
    SELECT sale_date, sum(net) AS gap, sum(tickets) AS ticket_gap
    FROM sides
    GROUP BY sale_date, channel
    HAVING gap != 0 OR ticket_gap != 0
)
SELECT
    if(count() = 0, 'ok', 'error') AS status,
    toFloat64(count()) AS figure,
    0. AS threshold,
    if(count() = 0, 'fact and sale lines agree on every day',
       concat(toString(count()), ' days differ, by ', toString(sum(gap)), ' RUB, from ', toString(min(sale_date)), ' to ', toString(max(sale_date)))) AS detail
FROM days
