-- Paid tickets that each show day will have sold at its end, and an interval, from shows that had finished by then.
-- Three ways to reckon what is still to come (the mean rest of comparable shows, the rest in the ratio of what is sold, the
-- rest in the ratio of the pace) and the show's own pace are blended: by how well each told the comparables' rests where
-- these are many, else shrunk to the own pace. The interval is that of the errors the same reckoning makes for each comparable show out of the others. docs/metrics.md has examples.
-- Reads forecast_asked, forecast_shows and forecast_curve, and of them nothing after as_of.
-- target: fact_forecast_daily
-- grain: one row per (as_of, show_key)
WITH
assumeNotNull((SELECT max(value) FROM dim_settings FINAL WHERE key = 'forecast_min_comparables')) AS least_comparables,
assumeNotNull((SELECT max(value) FROM dim_settings FINAL WHERE key = 'rate_weight')) AS rate_weight,
assumeNotNull((SELECT max(value) FROM dim_settings FINAL WHERE key = 'forecast_width_max_pct')) AS widest_pct,
spans AS
(
    SELECT
        show_key, event_id, city, show_date, show_id, programme, is_run, opened_on, finish_on, sold_out_on,
        dateDiff('day', opened_on, finish_on) + 1 AS length
    FROM forecast_shows
    WHERE is_cancelled = 0
),
asked AS
(
    SELECT
        a.show_key AS show_key, a.as_of AS as_of, a.tickets_left AS tickets_left,
        a.tickets_left_lo AS tickets_left_lo, a.tickets_left_hi AS tickets_left_hi, a.kappa AS kappa,
        s.event_id AS event_id, s.city AS city, s.show_date AS show_date, s.show_id AS show_id,
        s.programme AS programme, s.is_run AS is_run, s.length AS length, s.opened_on AS opened_on, s.finish_on AS finish_on,
        dateDiff('day', a.as_of, s.finish_on) AS days_left,
        dateDiff('day', s.opened_on, a.as_of) + 1 AS days_on_sale
    FROM forecast_asked AS a
    INNER JOIN spans AS s ON a.show_key = s.show_key
    WHERE s.opened_on <= a.as_of AND s.finish_on > a.as_of
        AND throwIf(least_comparables = 0 OR widest_pct = 0, 'dim_settings lacks a setting: see the check dim_settings__complete') = 0
),
-- Every moment of a curve that is needed: of the shows asked about, and of finished ones when they had as many days to go.
moments AS
(
    SELECT DISTINCT show_key, as_of AS day FROM asked
    UNION DISTINCT
    SELECT s.show_key AS show_key, s.finish_on - d.days_left AS day
    FROM spans AS s
    CROSS JOIN (SELECT DISTINCT days_left FROM asked) AS d
    WHERE s.finish_on <= (SELECT max(as_of) FROM forecast_asked)
        AND s.opened_on <= day AND (s.sold_out_on IS NULL OR s.sold_out_on > day)
),
running AS
(
    SELECT show_key, day, toFloat64(sum(paid) OVER (PARTITION BY show_key ORDER BY day)) AS sold FROM forecast_curve
),
at_moments AS
(
    SELECT m.show_key AS show_key, m.day AS day, ifNull(now_at.sold, 0) AS sold, sold - ifNull(before.sold, 0) AS week
    FROM moments AS m
    ASOF LEFT JOIN running AS now_at ON m.show_key = now_at.show_key AND m.day >= now_at.day
    ASOF LEFT JOIN running AS before ON m.show_key = before.show_key AND m.day - 7 >= before.day
),
finals AS
(
    SELECT s.show_key AS show_key, toFloat64(sum(c.paid)) AS final
    FROM spans AS s
    INNER JOIN forecast_curve AS c ON s.show_key = c.show_key
    WHERE c.day <= s.finish_on
    GROUP BY s.show_key
),
points AS
(
    SELECT
        s.show_key AS show_key, s.programme AS programme, s.is_run AS is_run, s.length AS length, s.finish_on AS finish_on,
        s.sold_out_on IS NOT NULL AS is_sold_out,
        dateDiff('day', m.day, s.finish_on) AS days_left,
        m.sold AS sold, f.final AS final,
        greatest(0., m.week) / least(7, dateDiff('day', s.opened_on, m.day) + 1) AS pace
    FROM at_moments AS m
    INNER JOIN spans AS s ON m.show_key = s.show_key
    INNER JOIN finals AS f ON m.show_key = f.show_key
    WHERE s.sold_out_on IS NULL OR s.sold_out_on > m.day
),
own AS
(
    SELECT a.*, m.sold AS sold, greatest(0., m.week) / least(7, a.days_on_sale) AS pace
    FROM asked AS a
    LEFT JOIN at_moments AS m ON a.show_key = m.show_key AND a.as_of = m.day
),
paired AS
(
    SELECT
        o.show_key AS show_key, o.as_of AS as_of,
        arraySlice(arrayReverseSort(groupArrayIf((p.finish_on, p.show_key, p.sold, p.final, p.pace, p.is_sold_out),
            p.programme = o.programme)), 1, 40) AS alike,
        arraySlice(arrayReverseSort(groupArray((p.finish_on, p.show_key, p.sold, p.final, p.pace, p.is_sold_out))), 1, 40) AS others
    FROM own AS o
    INNER JOIN points AS p ON o.days_left = p.days_left
    WHERE p.finish_on <= o.as_of AND p.show_key != o.show_key AND p.is_run = o.is_run
        AND p.length >= 0.5 * o.length AND p.length <= 2 * o.length
    GROUP BY o.show_key, o.as_of
),
gathered AS
(
    SELECT
        o.*,
        if(length(q.alike) >= least_comparables, q.alike, q.others) AS taken,
        toFloat64(length(taken)) AS n,
        arrayMap(x -> x.3, taken) AS s_all,
        arrayMap(x -> x.4, taken) AS f_all,
        arrayMap(x -> x.4 - x.3, taken) AS r_all,
        arrayMap(x -> x.5, taken) AS p_all,
        arraySum(s_all) AS s_sum, arraySum(f_all) AS f_sum, arraySum(r_all) AS r_sum, arraySum(p_all) AS p_sum
    FROM own AS o
    LEFT JOIN paired AS q ON o.show_key = q.show_key AND o.as_of = q.as_of
),
-- The rest by each way of reckoning it, and of each comparable show out of the others; -1 where a way has nothing to say.
-- From twenty comparables on a way weighs as the cube of 1 / its mean squared error; below, each of three the same and the
-- show's own pace (the fourth) as rate_weight shows.
reckoned AS
(
    SELECT
        *,
        if(n > 0, greatest(0., r_sum / n), -1.) AS by_mean,
        if(f_sum > 0 AND s_sum / f_sum >= 0.05, greatest(0., sold * r_sum / s_sum), -1.) AS by_ratio,
        if(7 * p_sum > 4.999999, greatest(0., pace * r_sum / p_sum), -1.) AS by_pace,
        [by_mean, by_ratio, by_pace, pace * days_left] AS ways,
        arrayMap(
            (s, f, r, p) -> [
                if(n > 1, greatest(0., (r_sum - r) / (n - 1)), -1.),
                if(f_sum - f > 0 AND (s_sum - s) / (f_sum - f) >= 0.05, greatest(0., s * (r_sum - r) / (s_sum - s)), -1.),
                if(7 * (p_sum - p) > 4.999999, greatest(0., p * (r_sum - r) / (p_sum - p)), -1.),
                p * days_left],
            s_all, f_all, r_all, p_all) AS ways_all,
        arrayMap((r, s) -> log(greatest(0., r) + greatest(3., 0.02 * s)), r_all, s_all) AS truth_all,
        arrayMap(
            at -> arrayMap((w, s, t) -> pow(t - log(w[at] + greatest(3., 0.02 * s)), 2),
                arrayFilter(w -> w[at] >= 0, ways_all),
                arrayFilter((s, w) -> w[at] >= 0, s_all, ways_all),
                arrayFilter((t, w) -> w[at] >= 0, truth_all, ways_all)),
            [1, 2, 3, 4]) AS squares,
        arrayMap(q -> if(2 * length(q) >= n AND n > 0, pow(greatest(0.0001, arraySum(q) / length(q)), -3), 0.), squares) AS learned,
        if(n >= 20, learned, arrayMap(at -> if(at = 4, rate_weight, n / greatest(1, arrayCount(x -> x >= 0, arraySlice(ways, 1, 3)))),
            [1, 2, 3, 4])) AS weights,
        exp(arraySum(arrayMap((x, w) -> if(x >= 0, w * log(x + 1), 0.), ways, weights))
            / arraySum(arrayMap((x, w) -> if(x >= 0, w, 0.), ways, weights))) - 1 AS rest,
        arrayMap(
            v -> if(n >= 20, learned, arrayMap(at -> if(at = 4, rate_weight, (n - 1) / greatest(1, arrayCount(x -> x >= 0, arraySlice(v, 1, 3)))),
                [1, 2, 3, 4])),
            ways_all) AS weights_all,
        arrayMap(
            (v, u) -> exp(arraySum(arrayMap((x, w) -> if(x >= 0, w * log(x + 1), 0.), v, u))
                / arraySum(arrayMap((x, w) -> if(x >= 0, w, 0.), v, u))) - 1,
            ways_all, weights_all) AS rest_all,
        arrayMap((t, s, e) -> t - log(e + greatest(3., 0.02 * s)), truth_all, s_all, rest_all) AS errors_all,
        -- How far a show that was sold out would have gone is not known.
        arrayMap(x -> x.1, arrayFilter(x -> x.2 = 0, arrayZip(errors_all, arrayMap(x -> x.6, taken)))) AS errors
    FROM gathered
),
-- From twenty errors on their own 10th and 90th hundredths; below, Student's t with a deviation shrunk to 0.6.
spread AS
(
    SELECT
        *,
        length(errors) AS m,
        greatest(3., 0.02 * sold) AS c,
        if(m >= 8, arrayAvg(errors), 0.) AS mu,
        sqrt((arraySum(e -> pow(e - mu, 2), errors) + 3 * 0.36) / (m + 2)) AS sd,
        [3.0776835, 1.8856181, 1.6377444, 1.5332063, 1.4758840, 1.4397557, 1.4149239, 1.3968153, 1.3830287, 1.3721836, 1.3634303,
         1.3562173, 1.3501713, 1.3450304, 1.3406056, 1.3367572, 1.3333794, 1.3303909, 1.3277282, 1.3253407, 1.3231879] AS t_90,
        t_90[least(m + 2, 21)] * sqrt(1 + 1 / greatest(m, 1)) * sd AS reach,
        arraySort(errors) AS sorted,
        0.1 * (m + 1) AS low_at, 0.9 * (m + 1) AS high_at,
        if(m >= 20, sorted[toUInt32(low_at)]
            + (low_at - floor(low_at)) * (sorted[toUInt32(low_at) + 1] - sorted[toUInt32(low_at)]), mu - reach) AS low_raw,
        if(m >= 20, sorted[toUInt32(high_at)]
            + (high_at - floor(high_at)) * (sorted[least(toUInt32(high_at) + 1, m)] - sorted[toUInt32(high_at)]), mu + reach) AS high_raw,
        0.5 * 1.2816 / sqrt(rest + c) AS least_reach,
        least(low_raw, -least_reach) AS log_low,
        greatest(high_raw, least_reach) AS log_high
    FROM reckoned
),
bounded AS
(
    SELECT
        *,
        greatest(0., least(sold + rest, sold + ifNull(tickets_left, 1e9))) AS forecast_tickets,
        least(greatest(0., sold + ifNull(tickets_left_lo, 1e9)), greatest(0., floor(sold + (rest + c) * exp(log_low * kappa) - c))) AS forecast_tickets_lo,
        least(greatest(0., sold + ifNull(tickets_left_hi, 1e9)), greatest(0., ceil(sold + (rest + c) * exp(log_high * kappa) - c))) AS forecast_tickets_hi
    FROM spread
)
SELECT
    as_of,
    show_key,
    event_id,
    city,
    show_date,
    show_id,
    days_left,
    days_on_sale,
    toUInt16(3) AS method,
    toInt64(n) AS comparables,
    arrayStringConcat(arrayMap(x -> x.2, taken), '; ') AS comparable_keys,
    sold AS tickets_sold,
    pace,
    tickets_left,
    tickets_left_lo,
    tickets_left_hi,
    if(by_mean < 0, NULL, by_mean) AS rest_by_mean,
    if(by_ratio < 0, NULL, by_ratio) AS rest_by_ratio,
    if(by_pace < 0, NULL, by_pace) AS rest_by_pace,
    pace * days_left AS rest_by_rate,
    rest,
    kappa,
    log_low,
    log_high,
    forecast_tickets,
    forecast_tickets_lo,
    forecast_tickets_hi,
    multiIf(
        n < least_comparables, 'comparables',
        days_on_sale < 3, 'days',
        sold < 10, 'sold',
        forecast_tickets_hi - forecast_tickets_lo > forecast_tickets * widest_pct / 100, 'width',
        '') AS silence
FROM bounded
