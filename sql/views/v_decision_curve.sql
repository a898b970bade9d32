-- How each show that is forecast has sold, day by day before its end, over the band of its comparable shows.
-- The band is what eight of ten comparables had sold with as many days to go; a day without a sale keeps the total.
-- group: decisions
-- grain: one row per (event_id, city, show_date, days_left)
CREATE OR REPLACE VIEW v_decision_curve
(
    show_date Date COMMENT 'День показа на площадке',
    city LowCardinality(String) COMMENT 'Город показа',
    city_name String COMMENT 'Город',
    event_id UInt64 COMMENT 'Мероприятие QTickets',
    show_name String COMMENT 'Показ одной строкой: день, город, мероприятие',
    days_left Int64 COMMENT 'Дней до конца продаж',
    tickets_paid Nullable(Int64) COMMENT 'Платных билетов этого показа к этому дню; пусто, если день впереди',
    band_low Nullable(Float64) COMMENT 'Нижняя граница полосы похожих показов',
    band_middle Nullable(Float64) COMMENT 'Середина похожих показов',
    band_high Nullable(Float64) COMMENT 'Верхняя граница полосы похожих показов'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS (
WITH
asked AS
(
    SELECT
        f.as_of AS as_of, f.show_key AS show_key, f.event_id AS event_id, CAST(f.city, 'String') AS city, f.show_date AS show_date,
        f.days_left + f.days_on_sale - 1 AS length, f.days_left AS days_left, f.comparable_keys AS comparable_keys
    FROM fact_forecast_daily AS f FINAL
    WHERE f.as_of = (SELECT max(as_of) FROM fact_forecast_daily) AND f.silence != 'comparables'
),
running AS
(
    SELECT c.show_key AS show_key, c.day AS day, sum(c.paid) OVER (PARTITION BY c.show_key ORDER BY c.day) AS sold
    FROM forecast_curve AS c
),
steps AS
(
    SELECT a.show_key AS show_key, a.as_of AS as_of, a.days_left AS now_left, toInt64(step) AS days_left
    FROM asked AS a
    ARRAY JOIN range(toUInt32(least(366, greatest(0, a.length)) + 1)) AS step
),
own AS
(
    SELECT s.show_key AS show_key, s.days_left AS days_left, s.as_of - (s.days_left - s.now_left) AS day
    FROM steps AS s
    WHERE s.days_left >= s.now_left
),
sold AS
(
    SELECT o.show_key AS show_key, o.days_left AS days_left, toInt64(ifNull(r.sold, 0)) AS sold
    FROM own AS o
    ASOF LEFT JOIN running AS r ON o.show_key = r.show_key AND o.day >= r.day
),
others AS
(
    SELECT s.show_key AS show_key, s.days_left AS days_left, w.show_key AS other, w.finish_on - s.days_left AS day
    FROM steps AS s
    INNER JOIN
    (
        SELECT a.show_key AS show_key, arrayJoin(splitByString('; ', a.comparable_keys)) AS other FROM asked AS a
    ) AS n ON s.show_key = n.show_key
    INNER JOIN forecast_shows AS w ON n.other = w.show_key
    WHERE w.opened_on <= w.finish_on - s.days_left
),
bands AS
(
    SELECT
        o.show_key AS show_key, o.days_left AS days_left,
        toFloat64(quantileExact(0.1)(ifNull(r.sold, 0))) AS low, toFloat64(quantileExact(0.5)(ifNull(r.sold, 0))) AS middle,
        toFloat64(quantileExact(0.9)(ifNull(r.sold, 0))) AS high
    FROM others AS o
    ASOF LEFT JOIN running AS r ON o.other = r.show_key AND o.day >= r.day
    GROUP BY o.show_key, o.days_left
)
SELECT
    a.show_date AS show_date,
    CAST(a.city AS LowCardinality(String)) AS city,
    if(ifNull(c.named, '') = '', a.city, ifNull(c.named, '')) AS city_name,
    a.event_id AS event_id,
    concat(formatDateTime(a.show_date, '%d.%m.%Y'), ' ', city_name, ' · ', ifNull(w.event_name, '')) AS show_name,
    s.days_left AS days_left,
    if(s.days_left >= s.now_left, toNullable(toInt64(ifNull(q.sold, 0))), NULL) AS tickets_paid,
    toNullable(b.low) AS band_low,
    toNullable(b.middle) AS band_middle,
    toNullable(b.high) AS band_high
FROM steps AS s
INNER JOIN asked AS a ON s.show_key = a.show_key
LEFT ANY JOIN sold AS q ON s.show_key = q.show_key AND s.days_left = q.days_left
LEFT ANY JOIN bands AS b ON s.show_key = b.show_key AND s.days_left = b.days_left
LEFT ANY JOIN (SELECT show_key, event_name FROM forecast_shows) AS w ON a.show_key = w.show_key
LEFT ANY JOIN (SELECT city, city_name AS named FROM dim_cities FINAL) AS c ON a.city = c.city
)
COMMENT 'Кривая показа и полоса похожих'
