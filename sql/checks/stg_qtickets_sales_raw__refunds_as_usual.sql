-- The last whole day gives back no more than usual: the median of eight weeks + ten times its MAD, or half of a day's sales.
-- asset: stg_qtickets_sales_raw
-- severity: warn
-- blocking: no
-- ru: QTickets: внезапно много возвратов
-- ru_action: Узнайте, не отменён ли показ; если нет, сверьте возвраты дня с кабинетом QTickets.
-- action: ask whether a show was cancelled; if not, compare the day's refunds with the QTickets cabinet
-- A refund counts on its own day, whenever the ticket was sold.
WITH
moved AS
(
    SELECT sale_date AS day, toFloat64(price_rub) AS sold, 0. AS refunded
    FROM stg_qtickets_sales_raw FINAL
    WHERE channel = 'api' AND is_removed = 0
    UNION ALL
    SELECT assumeNotNull(refund_date) AS day, 0. AS sold, toFloat64(refunded_rub) AS refunded
    FROM stg_qtickets_sales_raw FINAL
    WHERE channel = 'api' AND refund_date IS NOT NULL
),
days AS
(
    SELECT day, sum(m.sold) AS sold, sum(m.refunded) AS refunded
    FROM moved AS m
    WHERE day < toDate(now('Europe/Moscow'))
    GROUP BY day
),
newest AS
(
    SELECT max(day) AS day FROM days
),
weeks AS
(
    SELECT
        sumIf(d.refunded, d.day = (SELECT day FROM newest)) AS given,
        groupArrayIf(d.refunded, d.day < (SELECT day FROM newest)) AS earlier,
        groupArrayIf(d.sold, d.day < (SELECT day FROM newest)) AS sales,
        arrayReduce('median', earlier) AS usual,
        arrayReduce('median', arrayMap(one -> abs(one - usual), earlier)) AS spread
    FROM days AS d
    WHERE d.day > (SELECT day FROM newest) - 57
),
judged AS
(
    SELECT given, length(earlier) AS known, greatest(usual + 10 * spread, arrayReduce('median', sales) / 2) AS most FROM weeks
)
SELECT
    if(known < 14 OR given <= most, 'ok', 'warning') AS status,
    round(given, 2) AS figure,
    if(known = 0, 0., round(most, 2)) AS threshold,
    if(known < 14, 'fewer than two weeks to compare with',
        concat(toString((SELECT day FROM newest)), ': ', toString(round(given, 2)), ' RUB given back, at most ', toString(round(most, 2)),
            ' is usual')) AS detail
FROM judged
