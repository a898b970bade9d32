-- Every report mail of the last 7 days could be read: no part of a mail without figures was refused.
-- asset: stg_qtickets_sales_raw
-- severity: warn
-- blocking: no
-- ru: Письмо с отчётом QTickets не прочитано
-- ru_action: Откройте названное письмо в Gmail; причина стоит в stg_gmail_messages.
-- action: open the named message in Gmail and read its reason in stg_gmail_messages; `zakaz inspect gmail-message FILE` shows what is read of it
WITH unread AS
(
    SELECT message_id, received_at, outcome, rows
    FROM stg_gmail_messages FINAL
    WHERE part = '' AND received_at >= now() - INTERVAL 7 DAY AND outcome = 'refused'
)
SELECT
    if(count() = 0, 'ok', 'warning') AS status,
    toFloat64(count()) AS figure,
    0. AS threshold,
    if(count() = 0, 'no mail was refused',
        concat(toString(count()), ' mails were refused, the newest is message ', argMax(message_id, received_at), ' of ', toString(max(received_at)))) AS detail
FROM unread
