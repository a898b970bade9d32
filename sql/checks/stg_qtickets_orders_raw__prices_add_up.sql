-- The tickets of an order add up to the price QTickets gives the whole order; orders of the last 7 days that nobody touched since.
-- asset: stg_qtickets_orders_raw
-- severity: error
-- blocking: no
-- ru: QTickets: билеты не складываются в сумму заказа
-- ru_action: Сверьте названный заказ с кабинетом QTickets: в ответе нет билета или цена получила другой смысл.
-- action: compare the order the detail names with the QTickets cabinet: a ticket is missing from the answer, or prices got a new meaning
-- Whether a refund lowers the order's price is the vendor's secret, so refunded and removed ones are left out.
WITH
orders AS
(
    -- A float is cut off, not rounded, when it becomes a decimal: 1259.1 would be 1259.09.
    SELECT order_id, toDecimal64(round(JSONExtractFloat(payload, 'price') * 100), 2) / 100 AS said
    FROM stg_qtickets_orders_raw FINAL
    WHERE sale_date > (SELECT max(sale_date) FROM stg_qtickets_orders_raw) - 7 AND JSONLength(payload, 'baskets') > 0
),
tickets AS
(
    SELECT order_id, sum(price_rub) AS held, countIf(is_removed = 1 OR refund_date IS NOT NULL) AS gone
    FROM stg_qtickets_sales_raw FINAL
    WHERE channel = 'api' AND sale_date > (SELECT max(sale_date) FROM stg_qtickets_orders_raw) - 7
    GROUP BY order_id
),
odd AS
(
    SELECT o.order_id AS order_id, o.said AS said, t.held AS held
    FROM orders AS o
    INNER JOIN tickets AS t ON o.order_id = t.order_id
    WHERE t.gone = 0 AND o.said != t.held
)
SELECT
    if(count() = 0, 'ok', 'error') AS status,
    toFloat64(count()) AS figure,
    0. AS threshold,
    if(count() = 0, 'every order costs what its tickets cost',
        concat(toString(count()), ' orders do not, order ', toString(min(order_id)), ' among them: ', toString(argMin(said, order_id)),
            ' RUB, its tickets ', toString(argMin(held, order_id)))) AS detail
FROM odd
