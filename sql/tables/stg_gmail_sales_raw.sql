-- Lines of mailed sales reports, as each mail states them; which mail holds for a day is decided by sql/builds/mail_sales.sql.
-- grain: one row per (message, reading of it, line); only the lines of a message's newest entry in stg_gmail_messages count
-- source: gmail
-- A statement is what one mail (or one mail enclosed in it) says about one day. A line with a reason was put aside.
-- versions: many (mails are added)
CREATE TABLE IF NOT EXISTS stg_gmail_sales_raw
(
    sale_date Date COMMENT 'День продажи по отчёту (Москва); у строки без даты — день письма',
    message_id String COMMENT 'Письмо: номер Gmail',
    line_no UInt32 COMMENT 'Номер строки в письме',
    statement String COMMENT 'Высказывание: письмо, вложенное в него или процитированное в нём',
    stated_at DateTime('Europe/Moscow') COMMENT 'Время высказывания: приход письма; у вложенного и цитаты — их дата, если не указана — начало дня',
    stated_ms UInt64 COMMENT 'То же в миллисекундах: по нему решается, какое из писем новее',
    received_at DateTime('Europe/Moscow') COMMENT 'Когда письмо пришло',
    is_forward UInt8 COMMENT '1: пересланный или процитированный отчёт; он не новее того, что в нём повторено',
    digest String COMMENT 'Содержание высказывания о дне; одинаковое — та же сводка',
    place String COMMENT 'Где строка в письме',
    reason String COMMENT 'Почему отложена; пусто, если принята',
    payload String COMMENT 'Ячейки отложенной строки',
    event_id UInt64 COMMENT 'Мероприятие QTickets, 0 если не названо',
    show_id UInt64 COMMENT 'Показ (сеанс) QTickets, 0 если не назван',
    event_name String COMMENT 'Название мероприятия',
    event_key String COMMENT 'Название для сравнения: строчные буквы и цифры',
    city_raw String COMMENT 'Город, как в письме',
    city_key String COMMENT 'Город для сравнения: нормальная форма написания',
    show_date Nullable(Date) COMMENT 'Дата показа на площадке',
    show_time String COMMENT 'Время показа на площадке, ЧЧ:ММ',
    tickets UInt32 COMMENT 'Продано билетов, включая бесплатные',
    tickets_free Nullable(UInt32) COMMENT 'Из них бесплатных; пусто, если отчёт их не называет',
    refunded_tickets Nullable(UInt32) COMMENT 'Возвращено билетов; пусто, если отчёт их не называет',
    revenue_rub Decimal(18, 2) COMMENT 'Выручка, руб.',
    refunds_rub Nullable(Decimal(18, 2)) COMMENT 'Возвраты, руб.; пусто, если отчёт их не называет',
    _loaded_at DateTime('Europe/Moscow') COMMENT 'Когда загружено',
    _ver UInt64 COMMENT 'Версия строки: больше — новее',
    _run_id String COMMENT 'Запуск, который загрузил строку'
)
ENGINE = ReplacingMergeTree(_ver)
ORDER BY (sale_date, message_id, _ver, line_no)
COMMENT 'Строки отчётов из почты';
