-- Days that both channels hold whole agree: a city's revenue in the mail differs from the API's by at most 1 % on any of 30 days.
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
    SELECT t.date AS date, t.city AS city, t.mail_as_of AS reported_at
    FROM fact_sales_channel_daily AS t
    INNER JOIN v_sales_days AS d ON t.date = d.date
    WHERE d.is_complete = 1 AND t.mail_as_of >= toDateTime(t.date + 1, 'Europe/Moscow') AND t.date >= today() - 30
),
sold AS
(
    SELECT
        l.sale_date AS date, if(s.show_id > 0, s.city, e.city) AS city, l.price_rub AS price_rub, l.is_removed AS is_removed,
        l.removed_date AS removed_date
    FROM (SELECT * FROM stg_qtickets_sales_raw FINAL WHERE channel = 'api' AND sale_date IN (SELECT date FROM whole)) AS l
    LEFT ANY JOIN (SELECT show_id, city FROM dim_shows FINAL) AS s ON l.show_id = s.show_id
    LEFT ANY JOIN (SELECT event_id, city FROM dim_events FINAL) AS e ON l.event_id = e.event_id
),
sides AS
(
    SELECT date, if(city = '', 'не указано', CAST(city AS String)) AS city, price_rub AS api_rub, toDecimal64(0, 2) AS mail_rub,
        is_removed, removed_date
    FROM sold
    UNION ALL
    SELECT date, CAST(city AS String) AS city, toDecimal64(0, 2) AS api_rub, revenue_rub AS mail_rub, 0 AS is_removed,
        CAST(NULL AS Nullable(Date)) AS removed_date
    FROM fact_qtickets_sales_daily
    WHERE sales_source = 'mail' AND date IN (SELECT date FROM whole)
),
gaps AS
(
    SELECT
        s.date AS date, s.city AS city,
        sumIf(s.api_rub, s.is_removed = 0 OR ifNull(s.removed_date > toDate(w.reported_at), 0)) AS api_rub,
        sum(s.mail_rub) AS mail_rub,
        abs(toFloat64(mail_rub - api_rub)) / greatest(toFloat64(api_rub), 1) * 100 AS gap_pct
    FROM sides AS s
    INNER JOIN whole AS w ON s.date = w.date AND s.city = w.city
    GROUP BY s.date, s.city
),
worst AS
(
    SELECT uniqExact(date) AS days, argMax(tuple(date, api_rub, mail_rub, city), gap_pct) AS about, max(gap_pct) AS gap
    FROM gaps
)
SELECT
    if(gap <= 1, 'ok', 'warning') AS status,
    round(gap, 2) AS figure,
    1. AS threshold,
    multiIf(
        days = 0, 'no day of the last 30 stands in both channels',
        gap = 0, concat(toString(days), ' days agree to the kopeck'),
        concat('widest of ', toString(days), ' days: ', toString(about.1), ' ', about.4, ', API ', toString(about.2), ' RUB, mail ', toString(about.3), ' RUB')) AS detail
FROM worst
