-- Days of sales whose facts were built before the catalogue changed what they say: a show moved, an event got another
-- city or name, a name became known. A rebuild of these days heals them; no load is needed. A change counts for a minute
-- longer, because a build may have read the catalogue just before it was replaced.
-- grain: one row per sale_date
CREATE OR REPLACE VIEW v_sales_outdated
(
    sale_date Date COMMENT 'День продажи (Москва)',
    revenue_rub Float64 COMMENT 'Выручка строк, которых касается изменение, руб.',
    changed_at DateTime('Europe/Moscow') COMMENT 'Когда каталог изменился в последний раз'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS (
WITH
stamped AS
(
    SELECT
        f.sale_date AS sale_date,
        f.revenue_rub AS revenue_rub,
        f._ver AS built_ns,
        greatest(ifNull(s.changed_ns, 0), ifNull(e.changed_ns, 0), ifNull(n.changed_ns, 0)) AS changed_ns
    FROM fact_qtickets_sales_daily AS f
    LEFT ANY JOIN (SELECT show_id, changed_ns FROM dim_shows FINAL) AS s ON f.show_id = s.show_id
    LEFT ANY JOIN (SELECT event_id, changed_ns FROM dim_events FINAL) AS e ON f.event_id = e.event_id
    LEFT ANY JOIN
    (
        SELECT v.event_key AS event_key, max(v.changed_ns) AS changed_ns
        FROM dim_events AS v FINAL
        WHERE v.event_key != ''
        GROUP BY v.event_key
    ) AS n ON f.event_key = n.event_key
)
SELECT
    t.sale_date AS sale_date,
    toFloat64(sum(t.revenue_rub)) AS revenue_rub,
    toDateTime(intDiv(max(t.changed_ns), 1000000000), 'Europe/Moscow') AS changed_at
FROM stamped AS t
WHERE t.built_ns < t.changed_ns + 60000000000
GROUP BY t.sale_date
)
COMMENT 'Дни продаж, построенные до изменения каталога'
