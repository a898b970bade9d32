-- Sale lines of both channels. API: one row per ticket. Mail: one row per line of a report, with its own counts.
-- grain: one row per (channel, sale day, line)
-- day: sale_date
-- source: qtickets, gmail
-- writer: if(channel = 'mail', 'gmail', 'qtickets')
-- It says what the source said: which event and show by number (API), or by name and city (mail). What these mean is
-- looked up in sql/builds/fact_qtickets_sales_daily.sql. A measure the source does not name is unknown, not zero (says_…).
-- A removed ticket (deleted without a refund) has is_removed = 1 and counts neither as sold nor as revenue.
-- A refunded ticket stays sold on sale_date and is refunded on refund_date: net = price_rub - refunded_rub.
CREATE TABLE IF NOT EXISTS stg_qtickets_sales_raw
(
    channel LowCardinality(String) COMMENT 'Канал данных: api или mail',
    sale_date Date COMMENT 'День продажи (Москва)',
    line_id String COMMENT 'Ключ строки: номер билета (api) или ключ строки отчёта (mail)',
    order_id UInt64 COMMENT 'Номер заказа, 0 для почты',
    order_lines UInt32 COMMENT '1 у первого билета заказа, иначе 0: сумма даёт число заказов',
    sold_at DateTime('Europe/Moscow') COMMENT 'Момент оплаты',
    event_id UInt64 COMMENT 'Мероприятие QTickets, 0 если неизвестно',
    show_id UInt64 COMMENT 'Показ (сеанс) QTickets, 0 если неизвестно',
    event_name String COMMENT 'Название мероприятия, как в отчёте (mail); у API пусто',
    event_key String COMMENT 'Название для сравнения: слова строчными буквами, «ё» как «е»',
    city_raw String COMMENT 'Город, как в отчёте (mail); у API пусто',
    city_key String COMMENT 'Город для сравнения: нормальная форма написания',
    tickets UInt32 COMMENT 'Билетов в строке',
    price_rub Decimal(18, 2) COMMENT 'Цена после скидок, руб.',
    original_price_rub Decimal(18, 2) COMMENT 'Цена до скидок, руб.',
    is_free UInt8 COMMENT '1: билет за 0 руб.',
    is_removed UInt8 COMMENT '1: билет удалён без возврата и не считается проданным',
    removed_date Nullable(Date) COMMENT 'День удаления билета; пусто, если его убрали из заказа до оплаты',
    refund_date Nullable(Date) COMMENT 'День возврата',
    refunded_tickets UInt32 COMMENT 'Возвращено билетов',
    refunded_rub Decimal(18, 2) COMMENT 'Возвращено покупателю, руб.',
    deduction_rub Decimal(18, 2) COMMENT 'Удержано при возврате, руб.',
    says_free UInt8 COMMENT '1: источник строки называет бесплатные билеты',
    says_refunded_tickets UInt8 COMMENT '1: источник строки называет возвращённые билеты',
    says_refunds UInt8 COMMENT '1: источник строки называет сумму возвратов',
    utm_source LowCardinality(String) COMMENT 'utm_source заказа',
    utm_medium LowCardinality(String) COMMENT 'utm_medium заказа',
    utm_campaign String COMMENT 'utm_campaign заказа',
    utm_content String COMMENT 'utm_content заказа',
    utm_term String COMMENT 'utm_term заказа',
    client_hash String COMMENT 'Покупатель: хеш с солью, обратно не раскрывается',
    reported_at Nullable(DateTime('Europe/Moscow')) COMMENT 'Время письма с отчётом (mail)',
    _loaded_at DateTime('Europe/Moscow') COMMENT 'Когда загружено',
    _ver UInt64 COMMENT 'Версия строки: больше — новее',
    _run_id String COMMENT 'Запуск, который загрузил строку'
)
ENGINE = ReplacingMergeTree(_ver)
PARTITION BY (channel, sale_date)
ORDER BY (channel, sale_date, line_id)
COMMENT 'Проданные билеты QTickets: из API по билету, из почты по строке отчёта';
