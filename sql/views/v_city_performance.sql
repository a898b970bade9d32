-- Cities: sales of a city's events beside the advertising that names it, by day.
-- grain: one row per (date, city)
CREATE OR REPLACE VIEW v_city_performance
(
    date Date COMMENT 'День рекламы и продажи или возврата (Москва)',
    city LowCardinality(String) COMMENT 'Город; «не указано», если неизвестен',
    city_name String COMMENT 'Город',
    spend_rub Float64 COMMENT 'Расход с НДС, руб.',
    impressions Int64 COMMENT 'Показы',
    clicks Int64 COMMENT 'Клики',
    orders Int64 COMMENT 'Оплачено заказов, включая бесплатные',
    tickets_sold Int64 COMMENT 'Продано билетов, включая бесплатные',
    tickets_paid Int64 COMMENT 'Продано платных билетов',
    tickets_free Int64 COMMENT 'Бесплатных билетов',
    tickets_refunded Int64 COMMENT 'Возвращено билетов',
    revenue_rub Float64 COMMENT 'Выручка, руб.',
    refunds_rub Float64 COMMENT 'Возвраты, руб.',
    net_revenue_rub Float64 COMMENT 'Выручка за вычетом возвратов, руб.',
    organiser_income_rub Float64 COMMENT 'Доля организатора в чистой выручке, руб.',
    avg_ticket_rub Nullable(Float64) COMMENT 'Средний билет: выручка / платные билеты, руб.',
    cpt_rub Nullable(Float64) COMMENT 'Расход на платный билет, руб.',
    roas Nullable(Float64) COMMENT 'ROAS: доход / расход; пусто без расхода и без города',
    romi_pct Nullable(Float64) COMMENT 'ROMI: (доход − расход) / расход, %; пусто без расхода и без города',
    drr_pct Nullable(Float64) COMMENT 'ДРР: расход / доход, %; пусто без дохода',
    romi_status LowCardinality(String) COMMENT 'Светофор: зелёный, жёлтый, красный, «нет расхода» или «нельзя сравнить»',
    romi_status_code UInt8 COMMENT 'Светофор числом: 3 зелёный, 2 жёлтый, 1 красный, 0 — без цвета',
    roas_green_above Float64 COMMENT 'Порог: зелёный, если ROAS больше',
    roas_yellow_from Float64 COMMENT 'Порог: жёлтый, если ROAS не меньше',
    data_as_of DateTime('Europe/Moscow') COMMENT 'По какой момент известны данные строки'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS (
WITH
summed AS
(
    SELECT
        m.date AS date,
        m.city AS city,
        toFloat64(sum(m.spend_rub)) AS spend_rub,
        sum(m.impressions) AS impressions,
        sum(m.clicks) AS clicks,
        sum(m.orders) AS orders,
        sum(m.tickets_sold) AS tickets_sold,
        sum(m.tickets_sold) - sum(m.tickets_free) AS tickets_paid,
        sum(m.tickets_free) AS tickets_free,
        sum(m.tickets_refunded) AS tickets_refunded,
        toFloat64(sum(m.revenue_rub)) AS revenue_rub,
        toFloat64(sum(m.refunds_rub)) AS refunds_rub,
        toFloat64(sum(m.revenue_rub) - sum(m.refunds_rub)) AS net_revenue_rub,
        min(m.as_of) AS data_as_of
    FROM fact_channels_daily AS m
    GROUP BY m.date, m.city
),
met AS
(
    SELECT
        s.*,
        round(s.net_revenue_rub * l.organiser_share_pct / 100, 2) AS organiser_income_rub,
        if(s.spend_rub > 0 AND s.city != 'не указано', organiser_income_rub / s.spend_rub, NULL) AS row_roas
    FROM summed AS s
    CROSS JOIN v_settings AS l
)
SELECT
    m.date AS date,
    m.city AS city,
    if(ifNull(c.city_name, '') = '', CAST(m.city AS String), ifNull(c.city_name, '')) AS city_name,
    m.spend_rub AS spend_rub,
    m.impressions AS impressions,
    m.clicks AS clicks,
    m.orders AS orders,
    m.tickets_sold AS tickets_sold,
    m.tickets_paid AS tickets_paid,
    m.tickets_free AS tickets_free,
    m.tickets_refunded AS tickets_refunded,
    m.revenue_rub AS revenue_rub,
    m.refunds_rub AS refunds_rub,
    m.net_revenue_rub AS net_revenue_rub,
    m.organiser_income_rub AS organiser_income_rub,
    if(m.tickets_paid > 0, m.revenue_rub / m.tickets_paid, NULL) AS avg_ticket_rub,
    if(m.row_roas IS NOT NULL AND m.tickets_paid > 0, m.spend_rub / m.tickets_paid, NULL) AS cpt_rub,
    m.row_roas AS roas,
    (m.row_roas - 1) * 100 AS romi_pct,
    if(m.organiser_income_rub > 0, 100 / m.row_roas, NULL) AS drr_pct,
    t.romi_status AS romi_status,
    t.romi_status_code AS romi_status_code,
    t.roas_green_above AS roas_green_above,
    t.roas_yellow_from AS roas_yellow_from,
    m.data_as_of AS data_as_of
FROM met AS m
ASOF JOIN v_romi_lights AS t
    ON toUInt8(multiIf(m.spend_rub <= 0, 0, m.row_roas IS NULL, 2, 1)) = t.light_kind
    AND round(ifNull(m.row_roas, 0), 9) >= t.roas_from
LEFT ANY JOIN (SELECT city, city_name FROM dim_cities FINAL) AS c ON m.city = c.city
)
COMMENT 'Города: продажи и реклама по дням'
