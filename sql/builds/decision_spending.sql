-- What advertising cost that a show day is meant by, as of the data day `last`.
-- Spend that names no show, or several, is shared out to nobody: it has a row without a show.
-- target: decision_spend
-- grain: one row per show_key that advertising named, and one with an empty show_key
-- identity: sum(spend_7d) and sum(spend_total) = those of fact_marketing_daily up to the data day
WITH
today AS
(
    SELECT {last:Date} AS y
),
sessions AS
(
    SELECT
        concat(toString(v.event_id), '|', if(v.city = '', 'не указано', v.city), '|', toString(v.show_date)) AS show_key,
        v.event_id AS event_id, CAST(if(v.city = '', 'не указано', v.city), 'String') AS city,
        v.show_date AS show_date, greatest(v.show_date, v.finish_date) AS finish_date, v.is_deleted AS is_deleted
    FROM dim_shows AS v FINAL
),
-- The show that a city's day means: the only event of that day, live ones first; of several runs the one begun last.
billed AS
(
    SELECT
        s.city AS city, s.show_date + step AS day,
        groupUniqArrayIf(s.event_id, s.is_deleted = 0) AS live,
        groupUniqArray(s.event_id) AS listed,
        if(length(live) > 0, live, listed) AS events,
        if(length(live) > 0, argMaxIf(s.show_key, s.show_date, s.is_deleted = 0), argMax(s.show_key, s.show_date)) AS show_key
    FROM sessions AS s
    ARRAY JOIN range(least(toUInt32(greatest(dateDiff('day', s.show_date, s.finish_date), 0)), 366) + 1) AS step
    GROUP BY s.city, day
)
SELECT
    if(length(b.events) = 1, b.show_key, '') AS show_key,
    toFloat64(sumIf(m.spend_rub, m.date > t.y - 7)) AS spend_7d,
    toFloat64(sum(m.spend_rub)) AS spend_total
FROM fact_marketing_daily AS m
CROSS JOIN today AS t
LEFT ANY JOIN billed AS b ON CAST(m.city, 'String') = b.city AND ifNull(m.show_date, toDate(0)) = b.day
WHERE m.date <= t.y
GROUP BY show_key
