-- The days of sales: how far the API was read, what mails say of them, and whether any of it is taken from a mail.
-- Which cities and measures are, is in fact_sales_channel_daily, the one place of that choice.
-- grain: one row per day of sales known to the load ledger or to a mail
CREATE OR REPLACE VIEW v_sales_days
(
    date Date COMMENT 'День продажи (Москва)',
    sales_source LowCardinality(String) COMMENT 'Откуда взят день: api, или mail, если хоть один город взят из писем',
    is_complete UInt8 COMMENT '1: API прочитан до конца дня',
    api_covered_until Nullable(DateTime('Europe/Moscow')) COMMENT 'До какого момента прочитан API',
    mail_reported_at Nullable(DateTime('Europe/Moscow')) COMMENT 'Время последнего письма с отчётом за день',
    mail_cities UInt32 COMMENT 'Сколько городов взято из писем',
    as_of DateTime('Europe/Moscow') COMMENT 'По какой момент известны продажи дня'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS (
WITH
known AS
(
    SELECT
        day AS date,
        toNullable(covered_until) AS covered_until,
        CAST(NULL AS Nullable(DateTime('Europe/Moscow'))) AS reported_at,
        0 AS is_mail
    FROM meta_day_loads FINAL
    WHERE source = 'qtickets'
    UNION ALL
    SELECT
        date,
        CAST(NULL AS Nullable(DateTime('Europe/Moscow'))) AS covered_until,
        toNullable(mail_as_of) AS reported_at,
        mail_sales AS is_mail
    FROM fact_sales_channel_daily
),
days AS
(
    SELECT
        k.date AS date,
        max(k.covered_until) AS covered_until,
        max(k.reported_at) AS reported_at,
        sum(k.is_mail) AS mail_cities
    FROM known AS k
    GROUP BY k.date
)
SELECT
    d.date AS date,
    CAST(if(d.mail_cities > 0, 'mail', 'api') AS LowCardinality(String)) AS sales_source,
    toUInt8(ifNull(d.covered_until >= toDateTime(d.date + 1, 'Europe/Moscow'), 0)) AS is_complete,
    d.covered_until AS api_covered_until,
    d.reported_at AS mail_reported_at,
    toUInt32(d.mail_cities) AS mail_cities,
    assumeNotNull(if(d.mail_cities > 0, d.reported_at, coalesce(d.covered_until, d.reported_at))) AS as_of
FROM days AS d
)
COMMENT 'Дни продаж: что прочитано из API и что из писем'
