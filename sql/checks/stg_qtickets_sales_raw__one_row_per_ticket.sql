-- A ticket stands in one sale day only; a second day would count it twice.
-- asset: stg_qtickets_sales_raw
-- severity: error
-- blocking: yes
-- ru: QTickets: билет посчитан дважды
-- ru_action: Запустите reload_days за дни, названные в подробностях: площадка перенесла дату оплаты.
-- action: run the job reload_days for the days the detail names; the vendor moved a payment date
WITH twice AS
(
    SELECT line_id, uniqExact(sale_date) AS days, min(sale_date) AS first_day, max(sale_date) AS last_day
    FROM stg_qtickets_sales_raw FINAL
    WHERE channel = 'api'
    GROUP BY line_id
    HAVING days > 1
)
SELECT
    if(count() = 0, 'ok', 'error') AS status,
    toFloat64(count()) AS figure,
    0. AS threshold,
    if(count() = 0, 'every ticket has one sale day',
       concat(toString(count()), ' tickets on several days, from ', toString(min(first_day)), ' to ', toString(max(last_day)))) AS detail
FROM twice
