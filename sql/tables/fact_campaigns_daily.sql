-- Campaigns and ad groups by day: spend of the platforms beside the sales that count and are owed to them, and whether the two
-- meet in the row. Sales of weaker rungs stand in rows of campaign 0, so the sums are those of the facts.
-- grain: one row per (date, city, channel_group, source, account, campaign_id, ad_group_id)
-- day: date
-- identity: sum(spend_rub) = that of fact_marketing_daily; sum(revenue_rub) = that of v_sales_attributed
CREATE TABLE IF NOT EXISTS fact_campaigns_daily
(
    date Date COMMENT 'День рекламы и продажи, возврата или удаления (Москва)',
    city LowCardinality(String) COMMENT 'Город: рекламы из метки, продажи из мероприятия; «не указано», если неизвестен',
    channel_group LowCardinality(String) COMMENT 'Группа каналов',
    source LowCardinality(String) COMMENT 'Рекламный кабинет: vk_ads, yandex_direct или «не указано»',
    account LowCardinality(String) COMMENT 'Кабинет или логин; пусто, если неизвестен',
    campaign_id UInt64 COMMENT 'Кампания; 0, если продажа её не знает',
    campaign_name String COMMENT 'Название: у площадки в этот день, иначе известное сейчас',
    ad_group_id UInt64 COMMENT 'Группа объявлений; 0, если не названа',
    ad_group_name String COMMENT 'Название группы',
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
    is_met UInt8 COMMENT '1: расход строки и её продажи встречаются, отношения имеют смысл',
    campaign_spend_rub Decimal(18, 2) COMMENT 'Расход всей кампании за день, руб.',
    campaign_net_rub Decimal(18, 2) COMMENT 'Выручка всей кампании за вычетом возвратов за день, руб.',
    as_of DateTime('Europe/Moscow') COMMENT 'По какой момент известны данные строки',
    _loaded_at DateTime('Europe/Moscow') COMMENT 'Когда построено',
    _ver UInt64 COMMENT 'Версия партиции: больше — новее',
    _run_id String COMMENT 'Запуск, который построил партицию'
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(date)
ORDER BY (date, source, campaign_id, ad_group_id, city)
COMMENT 'Кампании по дням: расход и продажи';
