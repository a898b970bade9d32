-- Prices, refunds and dates of tickets are possible: no negative money, no refund above the price, none before its sale.
-- asset: stg_qtickets_sales_raw
-- severity: error
-- blocking: no
-- ru: QTickets: невозможные цены, возвраты или даты
-- ru_action: Запустите reload_days за названные дни; если повторится, сверьте заказ с кабинетом.
-- action: compare the order of the ticket in the detail with the QTickets cabinet; if it is so there, write to the vendor
WITH impossible AS
(
    SELECT sale_date, line_id
    FROM stg_qtickets_sales_raw FINAL
    WHERE channel = 'api'
        AND (price_rub < 0 OR refunded_rub < 0 OR deduction_rub < 0 OR refunded_rub + deduction_rub > greatest(price_rub, original_price_rub)
            OR tickets = 0 OR sale_date < toDate('2010-01-01') OR sale_date > toDate(now('Europe/Moscow')) + 1
            OR ifNull(refund_date < sale_date, 0) OR ifNull(removed_date < sale_date, 0))
)
SELECT
    if(count() = 0, 'ok', 'error') AS status,
    toFloat64(count()) AS figure,
    0. AS threshold,
    if(count() = 0, 'all figures are possible',
        concat(toString(count()), ' tickets are not, ticket ', any(line_id), ' among them, from ', toString(min(sale_date)),
            ' to ', toString(max(sale_date)))) AS detail
FROM impossible
