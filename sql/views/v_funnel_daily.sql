-- From an impression to an order, by day, city and channel. Tickets are no stage: an order holds several.
-- Orders of channels without advertising stand beside impressions of zero; filter by source for a platform's funnel.
-- Clicks without a city meet no orders, which have one: the steps between them are empty there.
-- grain: one row per (date, city, channel_group, source)
CREATE OR REPLACE VIEW v_funnel_daily
(
    date Date COMMENT 'День рекламы и продажи (Москва)',
    city LowCardinality(String) COMMENT 'Город',
    city_name String COMMENT 'Город',
    channel_group LowCardinality(String) COMMENT 'Группа каналов',
    source LowCardinality(String) COMMENT 'Рекламный кабинет: vk_ads, yandex_direct или «не указано»',
    impressions Int64 COMMENT '1. Показы',
    clicks Int64 COMMENT '2. Клики',
    orders Int64 COMMENT '3. Оплачено заказов, включая бесплатные',
    orders_paid Int64 COMMENT '4. Заказов за деньги',
    tickets_paid Int64 COMMENT 'Платных билетов в заказах',
    spend_rub Float64 COMMENT 'Расход с НДС, руб.',
    net_revenue_rub Float64 COMMENT 'Выручка за вычетом возвратов, руб.',
    ctr_pct Nullable(Float64) COMMENT 'Показ → клик, %',
    click_to_order_pct Nullable(Float64) COMMENT 'Клик → заказ, %',
    order_to_paid_pct Nullable(Float64) COMMENT 'Заказ → заказ за деньги, %',
    conversion_pct Nullable(Float64) COMMENT 'Платные билеты / клики, %',
    cost_per_order_rub Nullable(Float64) COMMENT 'Расход / заказы за деньги, руб.',
    data_as_of DateTime('Europe/Moscow') COMMENT 'По какой момент известны данные строки'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS (
SELECT
    m.date AS date,
    m.city AS city,
    m.city_name AS city_name,
    m.channel_group AS channel_group,
    m.source AS source,
    m.impressions AS impressions,
    m.clicks AS clicks,
    m.orders AS orders,
    m.orders - m.orders_free AS orders_paid,
    m.tickets_paid AS tickets_paid,
    m.spend_rub AS spend_rub,
    m.net_revenue_rub AS net_revenue_rub,
    m.ctr_pct AS ctr_pct,
    if(m.city != 'не указано' AND m.clicks > 0, m.orders / m.clicks * 100, NULL) AS click_to_order_pct,
    if(m.orders > 0, (m.orders - m.orders_free) / m.orders * 100, NULL) AS order_to_paid_pct,
    m.conversion_pct AS conversion_pct,
    if(m.city != 'не указано' AND m.orders > m.orders_free AND m.spend_rub > 0, m.spend_rub / (m.orders - m.orders_free), NULL) AS cost_per_order_rub,
    m.data_as_of AS data_as_of
FROM v_marketing_daily AS m
)
COMMENT 'Воронка от показа до заказа по дням, городам и каналам'
