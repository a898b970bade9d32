-- No row of the view {{asset}} stands on a day before the business began, in no city, or with one of its ratios no number.
WITH odd AS
(
    SELECT date, city
    FROM {{asset}}
    WHERE date < toDate('2010-01-01') OR city = '' OR arrayExists(ratio -> NOT isFinite(ifNull(ratio, 0)), [{{ratios}}])
)
SELECT
    if(count() = 0, 'ok', 'error') AS status,
    toFloat64(count()) AS figure,
    0. AS threshold,
    if(count() = 0, 'every day, city and ratio is real',
        concat(toString(count()), ' rows are not, from ', toString(min(date)), ' to ', toString(max(date)))) AS detail
FROM odd
