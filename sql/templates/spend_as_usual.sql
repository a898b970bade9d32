-- The newest day of {{asset}} spends as its weekday does: the median of eight weeks ± five times its MAD, a fifth at least.
WITH days AS
(
    SELECT date, toFloat64(sum({{spend}})) AS spent
    FROM {{asset}} FINAL
    GROUP BY date
),
newest AS
(
    SELECT max(date) AS day FROM days
),
weeks AS
(
    SELECT
        anyIf(spent, date = (SELECT day FROM newest)) AS now,
        groupArrayIf(spent, date < (SELECT day FROM newest)) AS earlier,
        arrayReduce('median', earlier) AS usual,
        arrayReduce('median', arrayMap(one -> abs(one - usual), earlier)) AS spread
    FROM days
    WHERE date > (SELECT day FROM newest) - 57 AND toDayOfWeek(date) = toDayOfWeek((SELECT day FROM newest))
),
judged AS
(
    -- Below four fifths of the median lies every ripple of a tour; above it, a day that stopped is always told.
    SELECT now, usual, length(earlier) AS weekdays, 5 * greatest(spread, usual * 0.16) AS allowed FROM weeks
)
SELECT
    if(weekdays < 3 OR usual <= 0 OR (abs(now - usual) <= allowed AND now >= usual / 5), 'ok', 'warning') AS status,
    toFloat64(now) AS figure,
    if(weekdays = 0, 0., usual) AS threshold,
    if(weekdays < 3, 'fewer than three such weekdays to compare with',
        concat(toString((SELECT day FROM newest)), ': ', toString(round(now, 2)), ' RUB, usual for the weekday ', toString(round(usual, 2)),
            ' ± ', toString(round(allowed, 2)))) AS detail
FROM judged
