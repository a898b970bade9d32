-- Which cities and measures of a day are taken from mailed reports.
-- day: date
-- grain: one row per (date, city) that a mail speaks of
-- example: API read until 11:00, mail of 20:25 about Tomsk without refunds: Tomsk's sales from the mail, its refunds and
--          all of Omsk from the API; API read to the end of the day: everything from the API
WITH
stated AS
(
    SELECT
        f.date AS date,
        f.city AS city,
        max(f.as_of) AS mail_as_of,
        max(f.says_free) AS says_free,
        max(f.says_refunded_tickets) AS says_refunded_tickets,
        max(f.says_refunds) AS says_refunds
    FROM fact_qtickets_sales_daily AS f
    WHERE f.sales_source = 'mail' AND f.date = f.sale_date AND f.date BETWEEN {first:Date} AND {last:Date}
    GROUP BY f.date, f.city
),
-- A mail that names no city speaks of all of them; one of its lines without a city, beside others that have theirs, does not.
everywhere AS
(
    SELECT s.date AS date, c.city AS city, s.mail_as_of, s.says_free, s.says_refunded_tickets, s.says_refunds
    FROM stated AS s
    CROSS JOIN (SELECT city FROM dim_cities FINAL) AS c
    WHERE s.city = 'не указано' AND (s.date, c.city) NOT IN (SELECT date, city FROM stated)
        AND (s.date, s.mail_as_of) NOT IN (SELECT date, mail_as_of FROM stated WHERE city != 'не указано')
),
spoken AS
(
    SELECT date, city, mail_as_of, says_free, says_refunded_tickets, says_refunds FROM stated
    UNION ALL
    SELECT date, city, mail_as_of, says_free, says_refunded_tickets, says_refunds FROM everywhere
),
loads AS
(
    SELECT day, covered_until
    FROM meta_day_loads FINAL
    WHERE source = 'qtickets' AND day BETWEEN {first:Date} AND {last:Date}
),
-- Days whose API rows have not yet reached the fact from which counted sales are taken.
unbuilt AS
(
    SELECT DISTINCT r.sale_date AS date
    FROM stg_qtickets_sales_raw AS r
    WHERE r.channel = 'api' AND r.sale_date BETWEEN {first:Date} AND {last:Date}
        AND r.sale_date NOT IN (
            SELECT sale_date FROM fact_sales_attributed_daily
            WHERE sales_source = 'api' AND sale_date BETWEEN {first:Date} AND {last:Date})
),
judged AS
(
    SELECT
        s.date AS date, s.city AS city, s.mail_as_of AS mail_as_of, s.says_free AS says_free,
        s.says_refunded_tickets AS says_refunded_tickets, s.says_refunds AS says_refunds,
        l.covered_until AS covered_until,
        toUInt8(NOT (
            l.covered_until > toDateTime(0)
            AND s.date NOT IN (SELECT date FROM unbuilt)
            AND (l.covered_until >= toDateTime(s.date + 1, 'Europe/Moscow') OR l.covered_until >= s.mail_as_of))) AS is_mail
    FROM spoken AS s
    LEFT ANY JOIN loads AS l ON s.date = l.day
)
SELECT
    j.date AS date,
    j.city AS city,
    j.is_mail AS mail_sales,
    toUInt8(j.is_mail AND j.says_free) AS mail_free,
    toUInt8(j.is_mail AND j.says_refunded_tickets) AS mail_refunded_tickets,
    toUInt8(j.is_mail AND j.says_refunds) AS mail_refunds,
    j.mail_as_of AS mail_as_of,
    j.covered_until AS api_covered_until
FROM judged AS j
