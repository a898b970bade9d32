-- Lines of mailed reports that were put aside and that no later report of the same day and city has replaced; where one of
-- the two names no city, the day alone decides.
-- target: stg_rejects, source = 'gmail'
-- day: sale_date
-- grain: one row per line put aside
WITH
read_by AS
(
    SELECT message_id, max(_ver) AS ver
    FROM stg_gmail_messages
    WHERE part = ''
    GROUP BY message_id
),
lines AS
(
    SELECT line.*
    FROM (SELECT * FROM stg_gmail_sales_raw FINAL WHERE sale_date IN {days:Array(Date)}) AS line
    INNER JOIN read_by ON read_by.message_id = line.message_id AND read_by.ver = line._ver
),
read_lines AS
(
    SELECT sale_date, lowerUTF8(trim(city_raw)) AS city, max(stated_ms) AS newest
    FROM lines
    WHERE reason = ''
    GROUP BY sale_date, city
),
put_aside AS
(
    SELECT *, lowerUTF8(trim(extract(payload, '(?:^|; )city=([^;]*)'))) AS city
    FROM lines
    WHERE reason != ''
),
replaced AS
(
    SELECT a.sale_date AS sale_date, a.message_id AS message_id, a.line_no AS line_no
    FROM put_aside AS a
    INNER JOIN read_lines AS r ON a.sale_date = r.sale_date
    WHERE r.newest > a.stated_ms AND (a.city = r.city OR a.city = '' OR r.city = '')
)
SELECT
    sale_date,
    reason,
    concat('message ', message_id, ', ', place) AS place,
    payload,
    stated_at
FROM put_aside
WHERE (sale_date, message_id, line_no) NOT IN (SELECT sale_date, message_id, line_no FROM replaced)
ORDER BY sale_date, message_id, line_no
