-- How fresh each source is: by the data's own time (newest sale, newest day of statistics) and by loads. A load that
-- succeeds with old data is stale all the same. A source that never came has a row that says so.
-- The rule is that of /healthz: VK says of a day that it had nothing, which counts as its data; a source that has rows on
-- fewer than 25 of 28 days may have nothing for days, and only warns while its days are read.
-- grain: one row per source
CREATE OR REPLACE VIEW v_data_freshness
(
    source LowCardinality(String) COMMENT 'Источник: qtickets, vk_ads, yandex_direct или gmail',
    source_name LowCardinality(String) COMMENT 'Источник словами',
    latest_date Nullable(Date) COMMENT 'Новейший день с данными; пусто, если данных нет',
    days_behind Nullable(Int64) COMMENT 'На сколько дней новейшие данные отстают от сегодня',
    covered_until Nullable(DateTime('Europe/Moscow')) COMMENT 'До какого момента спрошен источник',
    hours_since_load Nullable(Float64) COMMENT 'Часов с последней удачной загрузки',
    known_days Int64 COMMENT 'Дней в журнале загрузок',
    missing_days Int64 COMMENT 'Дней без загрузки за последние 30, не считая сегодня',
    rejected_30d Int64 COMMENT 'Отложено записей за последние 30 дней',
    status LowCardinality(String) COMMENT 'ok, warning или error',
    status_name LowCardinality(String) COMMENT 'свежие, устаревают, устарели, нет данных, резерв или не читалась'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS (
WITH
loads AS
(
    SELECT
        l.source AS source,
        toInt64(count()) AS known_days,
        min(l.day) AS first_day,
        max(l.covered_until) AS covered_until,
        max(l._loaded_at) AS loaded_at,
        max(l.day) AS last_day,
        toInt64(countIf(l.day BETWEEN toDate(now('Europe/Moscow')) - 30 AND toDate(now('Europe/Moscow')) - 1)) AS recent_days,
        toInt64(sumIf(l.rejected, l.day >= toDate(now('Europe/Moscow')) - 30)) AS rejected
    FROM meta_day_loads AS l FINAL
    GROUP BY l.source
),
held AS
(
    SELECT if(s.sales_source = 'api', 'qtickets', 'gmail') AS source, s.sale_date AS day
    FROM fact_sales_attributed_daily AS s
    GROUP BY source, day
    UNION ALL
    SELECT 'vk_ads' AS source, v.date AS day
    FROM fact_vk_ads_daily AS v
    GROUP BY day
    UNION ALL
    SELECT 'yandex_direct' AS source, d.date AS day
    FROM fact_direct_daily AS d
    GROUP BY day
),
newest AS
(
    SELECT h.source AS source, max(h.day) AS day, arrayCount(each -> each > max(h.day) - 28, groupArray(h.day)) AS busy_days
    FROM held AS h
    GROUP BY h.source
),
expected AS
(
    SELECT
        ['qtickets', 'vk_ads', 'yandex_direct', 'gmail'][place] AS source,
        ['QTickets', 'VK Реклама', 'Яндекс.Директ', 'Почта (резерв)'][place] AS source_name
    FROM (SELECT arrayJoin([1, 2, 3, 4]) AS place)
),
known AS
(
    SELECT
        e.source AS source,
        e.source_name AS source_name,
        nullIf(ifNull(n.day, toDate(0)), toDate(0)) AS latest_date,
        nullIf(ifNull(l.covered_until, toDateTime(0, 'Europe/Moscow')), toDateTime(0, 'Europe/Moscow')) AS covered_until,
        nullIf(ifNull(l.loaded_at, toDateTime(0, 'Europe/Moscow')), toDateTime(0, 'Europe/Moscow')) AS loaded_at,
        ifNull(n.busy_days, 0) AS busy_days,
        nullIf(ifNull(l.last_day, toDate(0)), toDate(0)) AS last_day,
        ifNull(l.known_days, 0) AS known_days,
        ifNull(l.recent_days, 0) AS recent_days,
        ifNull(l.first_day, toDate(0)) AS first_day,
        ifNull(l.rejected, 0) AS rejected
    FROM expected AS e
    LEFT ANY JOIN newest AS n ON e.source = n.source
    LEFT ANY JOIN loads AS l ON e.source = l.source
),
judged AS
(
    SELECT
        k.*,
        dateDiff('day', k.latest_date, toDate(now('Europe/Moscow'))) AS behind,
        ifNull(dateDiff('day', k.last_day, toDate(now('Europe/Moscow'))) <= s.fresh_error_days, 0) AS is_read,
        multiIf(
            k.source = 'gmail', if(k.loaded_at IS NULL, 'не читалась', 'резерв'),
            k.latest_date IS NULL, 'нет данных',
            ifNull(behind <= s.fresh_warn_days, 0), 'свежие',
            ifNull(behind <= s.fresh_error_days, 0) OR (is_read AND k.busy_days < 25), 'устаревают',
            'устарели') AS verdict
    FROM known AS k
    CROSS JOIN v_settings AS s
)
SELECT
    CAST(source AS LowCardinality(String)) AS source,
    CAST(source_name AS LowCardinality(String)) AS source_name,
    latest_date,
    toInt64(behind) AS days_behind,
    covered_until,
    dateDiff('minute', loaded_at, now('Europe/Moscow')) / 60 AS hours_since_load,
    toInt64(known_days) AS known_days,
    toInt64(if(known_days = 0, 0,
        greatest(0, least(30, dateDiff('day', first_day, toDate(now('Europe/Moscow')))) - recent_days))) AS missing_days,
    toInt64(rejected) AS rejected_30d,
    CAST(multiIf(
        verdict IN ('свежие', 'резерв', 'не читалась'), 'ok',
        verdict = 'устаревают' OR (verdict = 'нет данных' AND is_read), 'warning',
        'error') AS LowCardinality(String)) AS status,
    CAST(verdict AS LowCardinality(String)) AS status_name
FROM judged
)
COMMENT 'Свежесть источников'
