-- Advertising and what was sold, by day, city and channel. Sales that owe nothing to advertising stand in rows of their
-- own channel, so the sums are those of the facts: spend of fact_marketing_daily, sales of v_sales_attributed.
-- Both sides are added up after UNION ALL: no join, so nothing can be multiplied.
-- Sales have the city of their event, so spend without a city meets none of them: its ratios with sales are empty.
-- grain: one row per (date, city, channel_group, source)
-- example: spend 100, revenue 400, refunds 100 -> net 300, ROAS 3, ROMI 200 %, DRR 33.3 %
CREATE OR REPLACE VIEW v_marketing_daily
(
    date Date COMMENT 'День рекламы и продажи или возврата (Москва)',
    city LowCardinality(String) COMMENT 'Город: у рекламы — из меток, у продаж — города мероприятия',
    city_name String COMMENT 'Город',
    channel_group LowCardinality(String) COMMENT 'Группа каналов',
    source LowCardinality(String) COMMENT 'Рекламный кабинет: vk_ads, yandex_direct или «не указано»',
    spend_rub Float64 COMMENT 'Расход с НДС, руб.',
    spend_raw_rub Float64 COMMENT 'Расход, как его отдала площадка, руб.',
    impressions Int64 COMMENT 'Показы',
    clicks Int64 COMMENT 'Клики',
    conversions Nullable(Int64) COMMENT 'Конверсии по версии площадки',
    orders Int64 COMMENT 'Оплачено заказов, включая бесплатные',
    orders_free Int64 COMMENT 'Из них бесплатных',
    tickets_sold Int64 COMMENT 'Продано билетов, включая бесплатные',
    tickets_paid Int64 COMMENT 'Продано платных билетов',
    tickets_free Int64 COMMENT 'Бесплатных билетов',
    tickets_refunded Int64 COMMENT 'Возвращено билетов',
    revenue_rub Float64 COMMENT 'Выручка, руб.',
    refunds_rub Float64 COMMENT 'Возвраты, руб.',
    net_revenue_rub Float64 COMMENT 'Выручка за вычетом возвратов, руб.',
    organiser_income_rub Float64 COMMENT 'Доля организатора в чистой выручке, руб.',
    ctr_pct Nullable(Float64) COMMENT 'CTR: клики / показы, %',
    cpc_rub Nullable(Float64) COMMENT 'CPC: расход / клики, руб.',
    cpm_rub Nullable(Float64) COMMENT 'CPM: расход / показы × 1000, руб.',
    cpt_rub Nullable(Float64) COMMENT 'Цена билета в рекламе: расход / платные билеты, руб.',
    conversion_pct Nullable(Float64) COMMENT 'Конверсия: платные билеты / клики, %',
    roas Nullable(Float64) COMMENT 'ROAS: доход / расход; пусто без расхода и без города',
    romi_pct Nullable(Float64) COMMENT 'ROMI: (доход − расход) / расход, %; пусто без расхода и без города',
    drr_pct Nullable(Float64) COMMENT 'ДРР: расход / доход, %; пусто без дохода',
    data_as_of DateTime('Europe/Moscow') COMMENT 'По какой момент известны данные строки'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS (
WITH shared AS
(
    SELECT
        s.* EXCEPT (spend_rub, spend_raw_rub, revenue_rub, refunds_rub),
        toFloat64(s.spend_rub) AS spend_rub,
        toFloat64(s.spend_raw_rub) AS spend_raw_rub,
        toFloat64(s.revenue_rub) AS revenue_rub,
        toFloat64(s.refunds_rub) AS refunds_rub,
        toFloat64(s.revenue_rub - s.refunds_rub) AS net_revenue_rub,
        if(ifNull(c.city_name, '') = '', CAST(s.city AS String), ifNull(c.city_name, '')) AS city_name,
        net_revenue_rub * l.organiser_share_pct / 100 AS income_rub,
        s.city != 'не указано' AS is_met
    FROM fact_channels_daily AS s
    CROSS JOIN v_settings AS l
    LEFT ANY JOIN (SELECT city AS own_city, city_name FROM dim_cities FINAL) AS c ON s.city = c.own_city
)
SELECT
    date,
    city,
    city_name,
    channel_group,
    source,
    spend_rub,
    spend_raw_rub,
    impressions,
    clicks,
    conversions,
    orders,
    orders_free,
    tickets_sold,
    tickets_sold - tickets_free AS tickets_paid,
    tickets_free,
    tickets_refunded,
    revenue_rub,
    refunds_rub,
    net_revenue_rub,
    income_rub AS organiser_income_rub,
    if(impressions > 0, clicks / impressions * 100, NULL) AS ctr_pct,
    if(clicks > 0, spend_rub / clicks, NULL) AS cpc_rub,
    if(impressions > 0, spend_rub / impressions * 1000, NULL) AS cpm_rub,
    if(is_met AND tickets_sold > tickets_free AND spend_rub > 0, spend_rub / (tickets_sold - tickets_free), NULL) AS cpt_rub,
    if(is_met AND clicks > 0, (tickets_sold - tickets_free) / clicks * 100, NULL) AS conversion_pct,
    if(is_met AND spend_rub > 0, income_rub / spend_rub, NULL) AS roas,
    if(is_met AND spend_rub > 0, (income_rub - spend_rub) / spend_rub * 100, NULL) AS romi_pct,
    if(is_met AND spend_rub > 0 AND income_rub > 0, spend_rub / income_rub * 100, NULL) AS drr_pct,
    as_of AS data_as_of
FROM shared
)
COMMENT 'Маркетинг и продажи по дням, городам и каналам'
