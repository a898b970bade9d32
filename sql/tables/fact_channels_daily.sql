-- Advertising and the sales that count by day, city and channel: fact_campaigns_daily without its campaigns.
-- grain: one row per (date, city, channel_group, source)
-- day: date
-- identity: sum(spend_rub) = that of fact_marketing_daily; sum(revenue_rub) = that of v_sales_attributed
CREATE TABLE IF NOT EXISTS fact_channels_daily
(
    date Date COMMENT 'День рекламы и продажи, возврата или удаления (Москва)',
    city LowCardinality(String) COMMENT 'Город: рекламы из метки, продажи из мероприятия; «не указано», если неизвестен',
    channel_group LowCardinality(String) COMMENT 'Группа каналов',
    source LowCardinality(String) COMMENT 'Рекламный кабинет: vk_ads, yandex_direct или «не указано»',
    spend_rub Decimal(18, 2) COMMENT 'Расход с НДС, руб.',
    spend_raw_rub Decimal(18, 2) COMMENT 'Расход, как его отдала площадка, руб.',
    impressions Int64 COMMENT 'Показы',
    clicks Int64 COMMENT 'Клики',
    conversions Nullable(Int64) COMMENT 'Конверсии по версии площадки; пусто, если не даны',
    orders Int64 COMMENT 'Оплачено заказов, включая бесплатные',
    orders_free Int64 COMMENT 'Из них заказов, где все билеты бесплатные',
    tickets_sold Int64 COMMENT 'Продано билетов, включая бесплатные',
    tickets_free Int64 COMMENT 'Из них бесплатных',
    tickets_refunded Int64 COMMENT 'Возвращено билетов',
    revenue_rub Decimal(18, 2) COMMENT 'Выручка, руб.',
    refunds_rub Decimal(18, 2) COMMENT 'Возвраты, руб.',
    as_of DateTime('Europe/Moscow') COMMENT 'По какой момент известны данные строки',
    _loaded_at DateTime('Europe/Moscow') COMMENT 'Когда построено',
    _ver UInt64 COMMENT 'Версия партиции: больше — новее',
    _run_id String COMMENT 'Запуск, который построил партицию'
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(date)
ORDER BY (date, city, channel_group, source)
COMMENT 'Реклама и продажи по дням, городам и каналам';
