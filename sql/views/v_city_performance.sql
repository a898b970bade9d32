-- Cities: sales of a city's events beside the advertising that names it, by day.
-- grain: one row per (date, city)
CREATE OR REPLACE VIEW v_city_performance
(
    date Date COMMENT 'День рекламы и продажи или возврата (Москва)',
    city LowCardinality(String) COMMENT 'Город; «не указано», если неизвестен',
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
    roas Nullable(Float64) COMMENT 'ROAS: доход / расход; пусто без расхода',
    romi_pct Nullable(Float64) COMMENT 'ROMI: (доход − расход) / расход, %; пусто без расхода',
    drr_pct Nullable(Float64) COMMENT 'ДРР: расход / доход, %; пусто без дохода',
    romi_status LowCardinality(String) COMMENT 'Светофор: зелёный, жёлтый, красный или нет расхода',
    romi_status_code UInt8 COMMENT 'Светофор числом: 3 зелёный, 2 жёлтый, 1 красный, 0 нет расхода',
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
        round(sum(m.spend_rub), 2) AS spend_rub,
        sum(m.impressions) AS impressions,
        sum(m.clicks) AS clicks,
        sum(m.orders) AS orders,
        sum(m.tickets_sold) AS tickets_sold,
        sum(m.tickets_paid) AS tickets_paid,
        sum(m.tickets_free) AS tickets_free,
        sum(m.tickets_refunded) AS tickets_refunded,
        round(sum(m.revenue_rub), 2) AS revenue_rub,
        round(sum(m.refunds_rub), 2) AS refunds_rub,
        round(sum(m.net_revenue_rub), 2) AS net_revenue_rub,
        round(sum(m.organiser_income_rub), 2) AS organiser_income_rub,
        min(m.data_as_of) AS data_as_of
    FROM v_marketing_daily AS m
    GROUP BY m.date, m.city
),
lit AS
(
    SELECT
        s.*,
        l.roas_green_above,
        l.roas_yellow_from,
        toUInt8(multiIf(
            s.spend_rub <= 0, 0,
            round(s.organiser_income_rub / s.spend_rub, 9) > l.roas_green_above, 3,
            round(s.organiser_income_rub / s.spend_rub, 9) >= l.roas_yellow_from, 2,
            1)) AS code
    FROM summed AS s
    CROSS JOIN v_settings AS l
)
SELECT
    date,
    city,
    spend_rub,
    impressions,
    clicks,
    orders,
    tickets_sold,
    tickets_paid,
    tickets_free,
    tickets_refunded,
    revenue_rub,
    refunds_rub,
    net_revenue_rub,
    organiser_income_rub,
    if(tickets_paid > 0, revenue_rub / tickets_paid, NULL) AS avg_ticket_rub,
    if(tickets_paid > 0 AND spend_rub > 0, spend_rub / tickets_paid, NULL) AS cpt_rub,
    if(spend_rub > 0, organiser_income_rub / spend_rub, NULL) AS roas,
    if(spend_rub > 0, (organiser_income_rub - spend_rub) / spend_rub * 100, NULL) AS romi_pct,
    if(spend_rub > 0 AND organiser_income_rub > 0, spend_rub / organiser_income_rub * 100, NULL) AS drr_pct,
    CAST(['нет расхода', 'красный', 'жёлтый', 'зелёный'][code + 1] AS LowCardinality(String)) AS romi_status,
    code AS romi_status_code,
    roas_green_above,
    roas_yellow_from,
    data_as_of
FROM lit
)
COMMENT 'Города: продажи и реклама по дням'
