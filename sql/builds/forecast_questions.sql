-- Show days that still sell after the data day, with the paid tickets that still fit and how wide intervals must be.
-- With `horizons`, instead, every show at so many days before its end (days of first..last): what a backtest asks.
-- Places left are divided into free and paid tickets as the programme's last 60 days were. A full hall may hold more or fewer
-- paid ones: `give` is 80 % of that, by the days' own variance (orders are free or paid as a whole, so it is more than that of
-- single tickets) and the share's own error. kappa grows by what each past forecast of the same horizon missed:
-- 0.05 * (miss - 0.2) on the logarithmic scale, within 0.7 … 4.
-- target: forecast_asked
-- grain: one row per (show_key, as_of)
WITH
days AS
(
    SELECT
        show_key, programme, finish_on,
        arrayJoin(if(empty({horizons:Array(UInt16)}), [{last:Date}], arrayMap(d -> finish_on - d, {horizons:Array(UInt16)}))) AS as_of
    FROM forecast_shows
    WHERE is_cancelled = 0 AND as_of BETWEEN {first:Date} AND {last:Date} AND opened_on <= as_of AND finish_on > as_of
),
sessions AS
(
    SELECT
        concat(toString(v.event_id), '|', if(v.city = '', 'не указано', v.city), '|', toString(v.show_date)) AS show_key,
        v.show_id AS show_id
    FROM dim_shows AS v FINAL
    WHERE v.is_deleted = 0
),
seen AS
(
    SELECT d.show_key AS show_key, d.as_of AS as_of, s.show_id AS show_id
    FROM days AS d
    INNER JOIN sessions AS s ON d.show_key = s.show_key
),
places AS
(
    SELECT
        n.show_key AS show_key, n.as_of AS as_of,
        countIf(ifNull(f.seats_capacity, 0) = 0) AS unmeasured,
        toFloat64(sum(f.seats_free)) + toFloat64(sum(f.seats_held)) AS places_left
    FROM seen AS n
    ASOF LEFT JOIN (SELECT show_id, snapshot_date, seats_capacity, seats_free, seats_held FROM fact_inventory_daily) AS f
        ON n.show_id = f.show_id AND n.as_of >= f.snapshot_date
    GROUP BY n.show_key, n.as_of
),
tickets AS
(
    SELECT w.programme AS programme, c.date AS day, sum(c.tickets_sold) AS sold, sum(c.tickets_free) AS free
    FROM v_sales_counted AS c
    INNER JOIN sessions AS s ON c.show_id = s.show_id
    INNER JOIN forecast_shows AS w ON s.show_key = w.show_key
    GROUP BY w.programme, c.date
),
shares AS
(
    SELECT
        d.programme AS programme, d.as_of AS as_of, toFloat64(greatest(1, sum(t.sold))) AS whole, sum(t.free) / whole AS free_share,
        sum(pow(toFloat64(t.free), 2)) - 2 * free_share * sum(toFloat64(t.free) * t.sold)
            + pow(free_share, 2) * sum(pow(toFloat64(t.sold), 2)) AS squares,
        greatest(free_share * (1 - free_share), squares / whole * count() / greatest(1, count() - 1)) AS variance
    FROM (SELECT DISTINCT programme, as_of FROM days) AS d
    INNER JOIN tickets AS t ON d.programme = t.programme
    WHERE t.day <= d.as_of AND t.day > d.as_of - 60
    GROUP BY d.programme, d.as_of
),
room AS
(
    SELECT
        d.show_key AS show_key, d.as_of AS as_of, greatest(0., p.places_left) AS places_left,
        places_left * (1 - ifNull(h.free_share, 0)) AS paid,
        1.2816 * sqrt(places_left * ifNull(h.variance, 0) * (1 + places_left / greatest(1, ifNull(h.whole, 1)))) AS give
    FROM days AS d
    INNER JOIN places AS p ON d.show_key = p.show_key AND d.as_of = p.as_of
    LEFT ANY JOIN shares AS h ON d.programme = h.programme AND d.as_of = h.as_of
    WHERE p.unmeasured = 0
),
finals AS
(
    SELECT w.show_key AS show_key, any(w.finish_on) AS finish_on, toFloat64(sum(c.paid)) AS final
    FROM forecast_shows AS w
    INNER JOIN forecast_curve AS c ON w.show_key = c.show_key
    WHERE c.day <= w.finish_on AND w.finish_on <= {last:Date} AND w.is_cancelled = 0 AND w.sold_out_on IS NULL
    GROUP BY w.show_key
),
kappas AS
(
    SELECT
        f.days_left AS horizon,
        arrayFold((kappa, miss) -> least(4., greatest(0.7, kappa * exp(0.05 * (miss.3 - 0.2)))),
            arraySort(groupArray((e.finish_on, f.show_key,
                toFloat64(e.final < f.forecast_tickets_lo OR e.final > f.forecast_tickets_hi)))), 1.) AS kappa
    FROM fact_forecast_daily AS f FINAL
    INNER JOIN finals AS e ON f.show_key = e.show_key
    WHERE f.silence IN ('', 'width') AND f.days_left IN (1, 3, 7, 14, 30, 60)
    GROUP BY f.days_left
)
SELECT
    d.show_key AS show_key,
    d.as_of AS as_of,
    if(ifNull(r.show_key, '') = '', NULL, floor(r.paid)) AS tickets_left,
    if(ifNull(r.show_key, '') = '', NULL, floor(greatest(0., r.paid - r.give))) AS tickets_left_lo,
    if(ifNull(r.show_key, '') = '', NULL, greatest(floor(r.paid), floor(least(r.places_left, r.paid + r.give)))) AS tickets_left_hi,
    if(ifNull(k.kappa, 0) > 0, ifNull(k.kappa, 1), 1.) AS kappa
FROM days AS d
LEFT ANY JOIN room AS r ON d.show_key = r.show_key AND d.as_of = r.as_of
LEFT ANY JOIN kappas AS k ON toInt64(multiIf(
    dateDiff('day', d.as_of, d.finish_on) <= 1, 1, dateDiff('day', d.as_of, d.finish_on) <= 3, 3,
    dateDiff('day', d.as_of, d.finish_on) <= 7, 7, dateDiff('day', d.as_of, d.finish_on) <= 14, 14,
    dateDiff('day', d.as_of, d.finish_on) <= 30, 30, 60)) = k.horizon
