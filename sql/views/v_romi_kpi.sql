-- ROMI with its traffic light (v_romi_lights), by day, city and channel. Spend without a city cannot meet sales, which
-- have one: such a row shows its spend, no ratio and no colour.
-- grain: one row per (date, city, channel_group, source)
-- example: spend 1000, income 1500 -> ROAS 1.5, yellow; income 1500.01 -> green; no spend -> grey, ratios empty
CREATE OR REPLACE VIEW v_romi_kpi
(
    date Date COMMENT 'День рекламы и продажи или возврата (Москва)',
    city LowCardinality(String) COMMENT 'Город',
    city_name String COMMENT 'Город',
    channel_group LowCardinality(String) COMMENT 'Группа каналов',
    source LowCardinality(String) COMMENT 'Рекламный кабинет: vk_ads, yandex_direct или «не указано»',
    spend_rub Float64 COMMENT 'Расход с НДС, руб.',
    net_revenue_rub Float64 COMMENT 'Выручка за вычетом возвратов, руб.',
    organiser_income_rub Float64 COMMENT 'Доля организатора в чистой выручке, руб.: от неё ROAS и ROMI',
    profit_rub Float64 COMMENT 'Доход минус расход, руб.',
    tickets_paid Int64 COMMENT 'Продано платных билетов',
    orders Int64 COMMENT 'Оплачено заказов, включая бесплатные',
    clicks Int64 COMMENT 'Клики',
    roas Nullable(Float64) COMMENT 'ROAS: доход / расход; пусто без расхода и без города',
    romi_pct Nullable(Float64) COMMENT 'ROMI: (доход − расход) / расход, %; пусто без расхода и без города',
    drr_pct Nullable(Float64) COMMENT 'ДРР: расход / доход, %; пусто без дохода',
    cpt_rub Nullable(Float64) COMMENT 'Расход на платный билет, руб.',
    romi_status LowCardinality(String) COMMENT 'Светофор: зелёный, жёлтый, красный, «нет расхода» или «нельзя сравнить»',
    romi_status_code UInt8 COMMENT 'Светофор числом: 3 зелёный, 2 жёлтый, 1 красный, 0 — без цвета',
    roas_green_above Float64 COMMENT 'Порог: зелёный, если ROAS больше',
    roas_yellow_from Float64 COMMENT 'Порог: жёлтый, если ROAS не меньше',
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
    m.spend_rub AS spend_rub,
    m.net_revenue_rub AS net_revenue_rub,
    m.organiser_income_rub AS organiser_income_rub,
    m.organiser_income_rub - m.spend_rub AS profit_rub,
    m.tickets_paid AS tickets_paid,
    m.orders AS orders,
    m.clicks AS clicks,
    m.roas AS roas,
    m.romi_pct AS romi_pct,
    m.drr_pct AS drr_pct,
    m.cpt_rub AS cpt_rub,
    t.romi_status AS romi_status,
    t.romi_status_code AS romi_status_code,
    t.roas_green_above AS roas_green_above,
    t.roas_yellow_from AS roas_yellow_from,
    m.data_as_of AS data_as_of
FROM v_marketing_daily AS m
ASOF JOIN v_romi_lights AS t
    ON toUInt8(multiIf(m.spend_rub <= 0, 0, m.roas IS NULL, 2, 1)) = t.light_kind
    AND round(ifNull(m.roas, 0), 9) >= t.roas_from
)
COMMENT 'ROMI по дням, городам и каналам со светофором'
