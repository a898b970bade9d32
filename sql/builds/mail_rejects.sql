-- Lines of mailed reports that were put aside and that no later report of the same day has replaced.
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
judged AS
(
    SELECT *, maxIf(stated_ms, reason = '') OVER (PARTITION BY sale_date) AS newest
    FROM lines
)
SELECT
    sale_date,
    reason,
    concat('message ', message_id, ', ', place) AS place,
    payload,
    stated_at
FROM judged
WHERE reason != '' AND stated_ms >= newest
ORDER BY sale_date, message_id, line_no
