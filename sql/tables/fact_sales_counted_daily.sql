-- Sales, refunds and removals that count, by the day the money moved: what the sales views read instead of choosing a channel
-- for each row again. Every measure of a day and city is from the channel that knows it (fact_sales_channel_daily); orders,
-- removals and deductions are the API's alone.
-- grain: one row per (date, sales_source, event, show, city, channel_group, match_level) of which something counts
-- day: date
-- identity: sum(revenue_rub) and sum(refunds_rub) = those of v_sales_attributed
CREATE TABLE IF NOT EXISTS fact_sales_counted_daily
(
    date Date COMMENT 'День события: продажи, возврата или удаления (Москва)',
    sales_source LowCardinality(String) COMMENT 'Канал данных: api или mail',
    event_id UInt64 COMMENT 'Мероприятие QTickets, 0 если неизвестно',
    event_name String COMMENT 'Название из отчёта, если мероприятие неизвестно; иначе пусто',
    event_key String COMMENT 'Название из отчёта для сравнения, если мероприятие неизвестно; иначе пусто',
    show_id UInt64 COMMENT 'Показ (сеанс) QTickets, 0 если неизвестно',
    city LowCardinality(String) COMMENT 'Город мероприятия; «не указано», если неизвестен',
    channel_group LowCardinality(String) COMMENT 'Группа каналов; «без меток», «канал не определён»',
    match_level LowCardinality(String) COMMENT 'Ступень: ad, campaign, utm, show, city, source или none',
    orders Int64 COMMENT 'Оплачено заказов, включая бесплатные; письма их не называют',
    orders_free Int64 COMMENT 'Из них заказов, где все билеты бесплатные',
    tickets_sold Int64 COMMENT 'Продано билетов, включая бесплатные',
    tickets_free Int64 COMMENT 'Из них бесплатных',
    tickets_refunded Int64 COMMENT 'Возвращено билетов',
    tickets_removed Int64 COMMENT 'Удалено билетов без возврата; письма их не называют',
    revenue_rub Decimal(18, 2) COMMENT 'Выручка, руб.',
    refunds_rub Decimal(18, 2) COMMENT 'Возвраты, руб.',
    deduction_rub Decimal(18, 2) COMMENT 'Удержано при возвратах, руб.',
    unmapped_revenue_rub Decimal(18, 2) COMMENT 'Выручка, метки которой не разобраны, руб.',
    known_from DateTime('Europe/Moscow') COMMENT 'По какой момент известны все строки: самый ранний из них',
    known_until DateTime('Europe/Moscow') COMMENT 'По какой момент известна самая новая из строк',
    api_covered_until Nullable(DateTime('Europe/Moscow')) COMMENT 'До какого момента прочитан API за этот день; пусто, если не читался',
    _loaded_at DateTime('Europe/Moscow') COMMENT 'Когда построено',
    _ver UInt64 COMMENT 'Версия партиции: больше — новее',
    _run_id String COMMENT 'Запуск, который построил партицию'
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(date)
ORDER BY (date, city, channel_group, show_id)
COMMENT 'Продажи, которые считаются, по дням денег';
