-- Every report mail of the last 7 days could be read, whole, and came from whom it says: none was refused, none left out a
-- table or a line, none failed the proof of its sender.
-- asset: stg_qtickets_sales_raw
-- severity: warn
-- blocking: no
-- ru: Письмо с отчётом QTickets не прочитано целиком или его отправитель не подтверждён
-- ru_action: Откройте названное письмо в Gmail; причина стоит в stg_gmail_messages, у отложенных строк — в stg_rejects. Если это настоящий отчёт, проверьте GMAIL_ALLOWED_SENDERS и GMAIL_AUTHSERV_ID, а за отчётом в нечитаемом виде обратитесь к отправителю.
-- action: open the named message in Gmail and read its reason in stg_gmail_messages, or that of its lines in stg_rejects; `zakaz inspect gmail-message FILE` shows what is read of it and which domain is proved; if it is a real report, correct GMAIL_ALLOWED_SENDERS or GMAIL_AUTHSERV_ID, or ask its sender for a table as .csv or .xlsx
-- Mails of strangers are counted and are no fault, unless no report was read beside them; a picture or a PDF beside a text is
-- no table, and Outlook puts its winmail.dat to every letter: it counts while no report is read. A line that was put aside counts until a later report of its day and city has replaced it.
WITH mails AS
(
    SELECT message_id, received_at, outcome, reason
    FROM stg_gmail_messages FINAL
    WHERE part = '' AND received_at >= now() - INTERVAL 7 DAY
),
left_out AS
(
    SELECT p.message_id AS message_id, count() AS tables
    FROM stg_gmail_messages AS p FINAL
    INNER JOIN mails AS m ON p.message_id = m.message_id
    WHERE p.part != '' AND m.outcome IN ('read', 'skipped', 'no_table')
        AND (p.outcome = 'refused' OR (p.outcome = 'no_table' AND p.reason != '')
            OR (p.outcome = 'skipped' AND p.reason NOT LIKE '%image%' AND p.reason NOT LIKE '%PDF%' AND p.reason NOT LIKE '%/% is not read'
                AND (p.reason NOT LIKE 'winmail.dat%' OR (SELECT countIf(outcome = 'read') FROM mails) = 0)))
    GROUP BY p.message_id
),
aside AS
(
    SELECT extract(place, '^message ([^,]+)') AS message_id, count() AS lines
    FROM stg_rejects FINAL
    WHERE source = 'gmail' AND extract(place, '^message ([^,]+)') IN (SELECT message_id FROM mails)
    GROUP BY message_id
),
judged AS
(
    SELECT
        m.message_id AS message_id,
        m.received_at AS received_at,
        m.outcome AS outcome,
        m.outcome = 'unknown_sender' AND position(m.reason, 'proves neither') > 0 AS is_unproved,
        l.tables AS tables,
        a.lines AS lines,
        m.outcome = 'refused' OR is_unproved OR l.tables > 0 OR a.lines > 0 AS is_fault
    FROM mails AS m
    LEFT ANY JOIN left_out AS l ON m.message_id = l.message_id
    LEFT ANY JOIN aside AS a ON m.message_id = a.message_id
),
counted AS
(
    SELECT
        countIf(outcome = 'read') AS reports,
        countIf(outcome = 'refused') AS refused,
        countIf(outcome = 'unknown_sender') AS unknown,
        countIf(is_unproved) AS unproved,
        countIf(outcome != 'refused' AND (tables > 0 OR lines > 0)) AS partly,
        sum(tables) AS tables_left_out,
        sum(lines) AS lines_put_aside,
        countIf(is_fault) AS faults,
        if(faults > 0, argMaxIf(message_id, received_at, is_fault), argMaxIf(message_id, received_at, outcome = 'unknown_sender')) AS newest,
        if(faults > 0, maxIf(received_at, is_fault), maxIf(received_at, outcome = 'unknown_sender')) AS newest_at
    FROM judged
)
SELECT
    if(faults = 0 AND (unknown = 0 OR reports > 0), 'ok', 'warning') AS status,
    toFloat64(faults + if(reports = 0, unknown - unproved, 0)) AS figure,
    0. AS threshold,
    if(faults + unknown = 0, 'every mail was read whole, and every sender was known',
        concat(toString(refused), ' mails were refused, ', toString(partly), ' were read in part (', toString(tables_left_out), ' tables left out, ',
            toString(lines_put_aside), ' lines put aside), ', toString(unknown), ' came from unknown senders (', toString(unproved),
            ' of them from an allowed address without proof), ', toString(reports), ' were read; the newest of them is message ', newest, ' of ', toString(newest_at))) AS detail
FROM counted
