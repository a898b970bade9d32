-- Days that both channels hold whole agree: the mail's revenue differs from the API's by at most 1 % on any of 30 days.
-- asset: stg_qtickets_sales_raw
-- severity: warn
-- blocking: no
-- ru: Письма QTickets и API расходятся
-- ru_action: Сверьте названный день с кабинетом QTickets; загрузка дня заново ещё раз спросит API.
-- action: compare the named day with the vendor's cabinet: `zakaz inspect gmail-message` reads its mail, materialising the day asks the API again
-- A ticket that was removed after the mail had been sent still counts here, as it did in the mail.
WITH
whole AS
(
    SELECT date, assumeNotNull(mail_reported_at) AS reported_at
    FROM v_sales_days
    WHERE is_complete = 1 AND mail_reported_at >= toDateTime(date + 1, 'Europe/Moscow') AND date >= today() - 30
),
days AS
(
    SELECT
        line.sale_date AS date,
        sumIf(line.price_rub, line.channel = 'api' AND
            (line.is_removed = 0 OR line.removed_date > toDate(whole.reported_at))) AS api_rub,
        sumIf(line.price_rub, line.channel = 'mail') AS mail_rub
    FROM (SELECT * FROM stg_qtickets_sales_raw FINAL WHERE sale_date IN (SELECT date FROM whole)) AS line
    INNER JOIN whole ON whole.date = line.sale_date
    GROUP BY date
),
gaps AS
(
    SELECT
        date, api_rub, mail_rub,
        abs(toFloat64(mail_rub - api_rub)) / greatest(toFloat64(api_rub), 1) * 100 AS gap_pct
    FROM days
),
worst AS
(
    SELECT count() AS days, argMax(tuple(date, api_rub, mail_rub), gap_pct) AS about, max(gap_pct) AS gap
    FROM gaps
)
SELECT
    if(gap <= 1, 'ok', 'warning') AS status,
    round(gap, 2) AS figure,
    1. AS threshold,
    multiIf(
        days = 0, 'no day of the last 30 stands in both channels',
        gap = 0, concat(toString(days), ' days agree to the kopeck'),
        concat('widest of ', toString(days), ' days: ', toString(about.1), ', API ', toString(about.2), ' RUB, mail ', toString(about.3), ' RUB')) AS detail
FROM worst
