-- The ledger of mails: what became of every message and of every part of it.
-- grain: one row per (message, part); part '' is the message itself and is written last, so it means "done"
-- source: gmail
-- Holds no subject, sender, recipient or file name.
-- versions: many (mails are added)
CREATE TABLE IF NOT EXISTS stg_gmail_messages
(
    message_id String COMMENT 'Письмо: номер Gmail',
    part String COMMENT 'Часть письма (место в дереве), пусто — письмо целиком',
    received_at DateTime('Europe/Moscow') COMMENT 'Когда письмо пришло; для удалённого — когда это заметили',
    kind LowCardinality(String) COMMENT 'Вид части: html, csv, xlsx, zip, mail, text, other',
    size UInt64 COMMENT 'Размер, байт',
    content_hash String COMMENT 'SHA-256 содержимого; пусто, если не читалось',
    outcome LowCardinality(String) COMMENT 'Итог: read, no_table, superseded, skipped, refused, unknown_sender, gone',
    reason String COMMENT 'Почему не прочитано',
    tables UInt32 COMMENT 'Таблиц с отчётом',
    rows UInt32 COMMENT 'Строк принято (у письма — после снятия повторов)',
    rejected UInt32 COMMENT 'Строк отложено',
    reader LowCardinality(String) COMMENT 'Версия чтения: код, названия колонок, города, отправители',
    _loaded_at DateTime('Europe/Moscow') COMMENT 'Когда загружено',
    _ver UInt64 COMMENT 'Версия строки: больше — новее',
    _run_id String COMMENT 'Запуск, который загрузил строку'
)
ENGINE = ReplacingMergeTree(_ver)
ORDER BY (message_id, part)
COMMENT 'Журнал писем с отчётами';
