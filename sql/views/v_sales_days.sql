-- Which channel each day of sales is taken from: the API where its day is complete, the mail elsewhere, never both.
-- A day the API has seen only in part stays the API's while it knows later hours than the newest mail does.
-- No day is empty on its way from one channel to the other: it is the mail's until the facts hold what the API loaded,
-- and readers of facts go by mail_in_facts as well.
-- This is the one place of that choice; facts and views read it.
-- grain: one row per day of sales known to the load ledger or to a mail
CREATE OR REPLACE VIEW v_sales_days
(
    date Date COMMENT 'День продажи (Москва)',
    sales_source LowCardinality(String) COMMENT 'Откуда взят день: api или mail',
    is_complete UInt8 COMMENT '1: API прочитан до конца дня',
    api_covered_until Nullable(DateTime('Europe/Moscow')) COMMENT 'До какого момента прочитан API',
    mail_reported_at Nullable(DateTime('Europe/Moscow')) COMMENT 'Время последнего письма с отчётом за день',
    mail_in_facts UInt8 COMMENT '1: сведения из писем за день уже в фактах',
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
        accepted > 0 AS has_orders,
        '' AS in_facts
    FROM meta_day_loads FINAL
    WHERE source = 'qtickets'
    UNION ALL
    SELECT
        sale_date AS date,
        CAST(NULL AS Nullable(DateTime('Europe/Moscow'))) AS covered_until,
        coalesce(reported_at, _loaded_at) AS reported_at,
        0 AS has_orders,
        '' AS in_facts
    FROM stg_qtickets_sales_raw
    WHERE channel = 'mail'
    UNION ALL
    SELECT
        f.date AS date,
        CAST(NULL AS Nullable(DateTime('Europe/Moscow'))) AS covered_until,
        CAST(NULL AS Nullable(DateTime('Europe/Moscow'))) AS reported_at,
        0 AS has_orders,
        CAST(f.sales_source AS String) AS in_facts
    FROM fact_sales_attributed_daily AS f
    WHERE f.date = f.sale_date AND f.date IN (SELECT m.sale_date FROM stg_qtickets_sales_raw AS m WHERE m.channel = 'mail')
    GROUP BY date, in_facts
),
days AS
(
    SELECT
        date,
        max(known.covered_until) AS covered_until,
        max(known.reported_at) AS reported_at,
        ifNull(covered_until >= toDateTime(date + 1, 'Europe/Moscow'), 0) AS is_complete,
        max(in_facts = 'mail') AS mail_in_facts,
        max(has_orders) <= max(in_facts = 'api') AS is_built,
        reported_at IS NULL OR (is_built AND (is_complete = 1 OR ifNull(covered_until >= reported_at, 0))) AS is_api
    FROM known
    GROUP BY date
)
SELECT
    date,
    CAST(if(is_api, 'api', 'mail') AS LowCardinality(String)) AS sales_source,
    toUInt8(is_complete) AS is_complete,
    covered_until AS api_covered_until,
    reported_at AS mail_reported_at,
    toUInt8(mail_in_facts) AS mail_in_facts,
    assumeNotNull(if(is_api, covered_until, reported_at)) AS as_of
FROM days
)
COMMENT 'Канал данных по дням продаж'
