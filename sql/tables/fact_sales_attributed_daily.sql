-- Sales and refunds as each channel tells them, with the advertising each of them is owed to. Both channels are here:
-- read v_sales_attributed, which takes each day from one of them.
-- Every line of staging is in exactly one row per movement: nothing is dropped or multiplied, what matches nothing says so.
-- grain: one row per (sale_date, date, show, city, four UTM, match); sale_date is the day of the sale, date the day the
--        money moved: the refund's or removal's day where it is one
-- day: sale_date
-- moved: date
-- identity: sum(revenue_rub) = sum(price_rub) of stg_qtickets_sales_raw where not is_removed
CREATE TABLE IF NOT EXISTS fact_sales_attributed_daily
(
    sale_date Date COMMENT 'День продажи, к которой относится строка (Москва)',
    date Date COMMENT 'День события: продажи, возврата или удаления (Москва)',
    sales_source LowCardinality(String) COMMENT 'Канал данных: api или mail',
    event_id UInt64 COMMENT 'Мероприятие QTickets, 0 если неизвестно',
    event_name String COMMENT 'Название из отчёта, если мероприятие неизвестно; иначе пусто',
    event_key String COMMENT 'Название из отчёта для сравнения; у API пусто',
    show_id UInt64 COMMENT 'Показ (сеанс) QTickets, 0 если неизвестно',
    city LowCardinality(String) COMMENT 'Город мероприятия; «не указано», если неизвестен',
    utm_source LowCardinality(String) COMMENT 'utm_source',
    utm_medium LowCardinality(String) COMMENT 'utm_medium',
    utm_campaign String COMMENT 'utm_campaign',
    utm_content String COMMENT 'utm_content',
    match_level LowCardinality(String) COMMENT 'Ступень: ad, campaign, utm, show, city, source или none',
    channel_group LowCardinality(String) COMMENT 'Группа каналов; «без меток», «канал не определён»',
    source LowCardinality(String) COMMENT 'Рекламный кабинет: vk_ads, yandex_direct или «не указано»',
    account LowCardinality(String) COMMENT 'Кабинет найденной рекламы',
    campaign_id UInt64 COMMENT 'Найденная кампания, 0 если нет',
    campaign_name String COMMENT 'Её название',
    ad_group_id UInt64 COMMENT 'Найденная группа объявлений, 0 если нет',
    ad_group_name String COMMENT 'Её название',
    ad_id UInt64 COMMENT 'Найденное объявление, 0 если нет',
    tag_city LowCardinality(String) COMMENT 'Город, который назвала метка',
    tag_show_date Nullable(Date) COMMENT 'День показа, который назвала метка',
    utm_problem LowCardinality(String) COMMENT 'Что в метке не разобрано; пусто, если всё разобрано или меток нет',
    orders UInt64 COMMENT 'Оплачено заказов, включая бесплатные',
    orders_free UInt64 COMMENT 'Из них заказов, где все билеты бесплатные',
    tickets_sold UInt64 COMMENT 'Продано билетов, включая бесплатные',
    tickets_free UInt64 COMMENT 'Из них бесплатных',
    tickets_refunded UInt64 COMMENT 'Возвращено билетов',
    tickets_refunded_free UInt64 COMMENT 'Из возвращённых бесплатных',
    tickets_removed UInt64 COMMENT 'Удалено билетов без возврата',
    tickets_removed_free UInt64 COMMENT 'Из удалённых бесплатных',
    revenue_rub Decimal(18, 2) COMMENT 'Выручка, руб.',
    refunds_rub Decimal(18, 2) COMMENT 'Возвраты, руб.',
    deduction_rub Decimal(18, 2) COMMENT 'Удержано при возвратах, руб.',
    as_of DateTime('Europe/Moscow') COMMENT 'По какой момент известны данные дня',
    _loaded_at DateTime('Europe/Moscow') COMMENT 'Когда построено',
    _ver UInt64 COMMENT 'Версия партиции: больше — новее',
    _run_id String COMMENT 'Запуск, который построил партицию'
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(sale_date)
ORDER BY (date, city, channel_group, show_id)
COMMENT 'Продажи и возвраты с рекламой, которой они обязаны';
