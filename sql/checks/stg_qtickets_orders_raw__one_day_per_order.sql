-- An order stands in one sale day only; a second day would count it twice.
-- asset: stg_qtickets_orders_raw
-- severity: error
-- blocking: yes
-- ru: QTickets: заказ стоит в двух днях и посчитан дважды
-- ru_action: Запустите reload_days за дни, названные в подробностях: площадка перенесла дату оплаты.
-- action: run the job reload_days for the days the detail names; the vendor moved a payment date
WITH twice AS
(
    SELECT order_id, uniqExact(sale_date) AS days, min(sale_date) AS first_day, max(sale_date) AS last_day
    FROM stg_qtickets_orders_raw FINAL
    GROUP BY order_id
    HAVING days > 1
)
SELECT
    if(count() = 0, 'ok', 'error') AS status,
    toFloat64(count()) AS figure,
    0. AS threshold,
    if(count() = 0, 'every order has one sale day',
        concat(toString(count()), ' orders on several days, from ', toString(min(first_day)), ' to ', toString(max(last_day)))) AS detail
FROM twice
