-- Every report mail of the last 7 days could be read and came from whom it says: none was refused, none failed the proof of its sender.
-- asset: stg_qtickets_sales_raw
-- severity: warn
-- blocking: no
-- ru: Письмо с отчётом QTickets не прочитано или его отправитель не подтверждён
-- ru_action: Откройте названное письмо в Gmail; причина стоит в stg_gmail_messages. Если это настоящий отчёт, проверьте GMAIL_ALLOWED_SENDERS и GMAIL_AUTHSERV_ID.
-- action: open the named message in Gmail and read its reason in stg_gmail_messages; `zakaz inspect gmail-message FILE` shows what is read of it and which domain is proved; if it is a real report, correct GMAIL_ALLOWED_SENDERS or GMAIL_AUTHSERV_ID
-- Mails of strangers are counted and are no fault, unless no report was read beside them.
WITH mails AS
(
    SELECT message_id, received_at, outcome, reason
    FROM stg_gmail_messages FINAL
    WHERE part = '' AND received_at >= now() - INTERVAL 7 DAY
),
counted AS
(
    SELECT
        countIf(outcome = 'read') AS reports,
        countIf(outcome = 'refused') AS refused,
        countIf(outcome = 'unknown_sender') AS unknown,
        countIf(outcome = 'unknown_sender' AND position(reason, 'proves neither') > 0) AS unproved,
        argMaxIf(message_id, received_at, outcome IN ('refused', 'unknown_sender')) AS newest,
        maxIf(received_at, outcome IN ('refused', 'unknown_sender')) AS newest_at
    FROM mails
)
SELECT
    if(refused = 0 AND unproved = 0 AND (unknown = 0 OR reports > 0), 'ok', 'warning') AS status,
    toFloat64(refused + unproved + if(reports = 0, unknown - unproved, 0)) AS figure,
    0. AS threshold,
    if(refused + unknown = 0, 'no mail was refused, and every sender was known',
        concat(toString(refused), ' mails were refused, ', toString(unknown), ' came from unknown senders (', toString(unproved),
            ' of them from an allowed address without proof), ', toString(reports), ' were read; the newest of them is message ', newest, ' of ', toString(newest_at))) AS detail
FROM counted
