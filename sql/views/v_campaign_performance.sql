-- Campaigns and ad groups: spend of the platform beside the sales owed to them (rungs ad, campaign and utm of the ladder).
-- Sales of weaker rungs stand in rows of campaign 0, so the sums are those of the facts.
-- Ratios and colour stand where both sides meet. A sale may know its campaign and not its group, and has the city of its
-- event, while spend has that of its tag: rows of a group or campaign whose sales stand in other rows show measures only.
-- Spend and sales of a whole campaign always meet: campaign_roas and campaign_status are those of its day.
-- grain: one row per (date, source, channel_group, account, campaign_id, ad_group_id, city)
CREATE OR REPLACE VIEW v_campaign_performance
(
    date Date COMMENT 'День рекламы и продажи или возврата (Москва)',
    city LowCardinality(String) COMMENT 'Город: у рекламы — из меток, у продаж — города мероприятия',
    city_name String COMMENT 'Город',
    channel_group LowCardinality(String) COMMENT 'Группа каналов',
    source LowCardinality(String) COMMENT 'Рекламный кабинет: vk_ads, yandex_direct или «не указано»',
    account LowCardinality(String) COMMENT 'Кабинет или логин; «не указано» у продаж без кампании',
    campaign_id UInt64 COMMENT 'Кампания (у VK — ad_plan); 0 — продажи, которые не удалось отнести к кампании',
    campaign_name String COMMENT 'Название кампании в этот день; «без кампании», если её нет',
    ad_group_id UInt64 COMMENT 'Группа объявлений; 0, если не названа',
    ad_group_name String COMMENT 'Название группы',
    spend_rub Float64 COMMENT 'Расход с НДС, руб.',
    spend_raw_rub Float64 COMMENT 'Расход, как его отдала площадка, руб.',
    impressions Int64 COMMENT 'Показы',
    clicks Int64 COMMENT 'Клики',
    conversions Nullable(Int64) COMMENT 'Конверсии по версии площадки',
    orders Int64 COMMENT 'Оплачено заказов, включая бесплатные',
    tickets_paid Int64 COMMENT 'Продано платных билетов',
    tickets_free Int64 COMMENT 'Бесплатных билетов',
    revenue_rub Float64 COMMENT 'Выручка, руб.',
    refunds_rub Float64 COMMENT 'Возвраты, руб.',
    net_revenue_rub Float64 COMMENT 'Выручка за вычетом возвратов, руб.',
    organiser_income_rub Float64 COMMENT 'Доля организатора в чистой выручке, руб.',
    ctr_pct Nullable(Float64) COMMENT 'CTR: клики / показы, %',
    cpc_rub Nullable(Float64) COMMENT 'CPC: расход / клики, руб.',
    cpm_rub Nullable(Float64) COMMENT 'CPM: расход / показы × 1000, руб.',
    cpt_rub Nullable(Float64) COMMENT 'Расход на платный билет, руб.',
    conversion_pct Nullable(Float64) COMMENT 'Конверсия: платные билеты / клики, %',
    roas Nullable(Float64) COMMENT 'ROAS: доход / расход; пусто без расхода или если продажи стоят в других строках',
    romi_pct Nullable(Float64) COMMENT 'ROMI: (доход − расход) / расход, %; пусто без расхода',
    drr_pct Nullable(Float64) COMMENT 'ДРР: расход / доход, %; пусто без дохода',
    romi_status LowCardinality(String) COMMENT 'Светофор: зелёный, жёлтый, красный, «нет расхода» или «нельзя сравнить»',
    romi_status_code UInt8 COMMENT 'Светофор числом: 3 зелёный, 2 жёлтый, 1 красный, 0 — без цвета',
    campaign_roas Nullable(Float64) COMMENT 'ROAS всей кампании за день; пусто без расхода',
    campaign_status LowCardinality(String) COMMENT 'Светофор всей кампании за день',
    campaign_status_code UInt8 COMMENT 'Светофор всей кампании числом: 3 зелёный, 2 жёлтый, 1 красный, 0 — без цвета',
    roas_green_above Float64 COMMENT 'Порог: зелёный, если ROAS больше',
    roas_yellow_from Float64 COMMENT 'Порог: жёлтый, если ROAS не меньше',
    data_as_of DateTime('Europe/Moscow') COMMENT 'По какой момент известны данные строки'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS (
WITH met AS
(
    SELECT
        s.* EXCEPT (spend_rub, spend_raw_rub, revenue_rub, refunds_rub),
        toFloat64(s.spend_rub) AS spend_rub,
        toFloat64(s.spend_raw_rub) AS spend_raw_rub,
        toFloat64(s.revenue_rub) AS revenue_rub,
        toFloat64(s.refunds_rub) AS refunds_rub,
        s.tickets_sold - s.tickets_free AS tickets_paid,
        toFloat64(s.revenue_rub - s.refunds_rub) AS net_revenue_rub,
        net_revenue_rub * l.organiser_share_pct / 100 AS income_rub,
        if(s.is_met = 1, income_rub / toFloat64(s.spend_rub), NULL) AS row_roas,
        if(s.campaign_spend_rub > 0 AND s.campaign_id > 0,
            toFloat64(s.campaign_net_rub) * l.organiser_share_pct / 100 / toFloat64(s.campaign_spend_rub), NULL) AS whole_roas
    FROM fact_campaigns_daily AS s
    CROSS JOIN v_settings AS l
)
SELECT
    m.date AS date,
    m.city AS city,
    if(ifNull(c.city_name, '') = '', CAST(m.city AS String), ifNull(c.city_name, '')) AS city_name,
    m.channel_group AS channel_group,
    m.source AS source,
    CAST(if(m.account = '', 'не указано', m.account) AS LowCardinality(String)) AS account,
    m.campaign_id AS campaign_id,
    multiIf(m.campaign_name != '', m.campaign_name, m.campaign_id = 0, 'без кампании', 'не указано') AS campaign_name,
    m.ad_group_id AS ad_group_id,
    if(m.ad_group_name = '', 'не указано', m.ad_group_name) AS ad_group_name,
    m.spend_rub AS spend_rub,
    m.spend_raw_rub AS spend_raw_rub,
    m.impressions AS impressions,
    m.clicks AS clicks,
    m.conversions AS conversions,
    m.orders AS orders,
    m.tickets_paid AS tickets_paid,
    m.tickets_free AS tickets_free,
    m.revenue_rub AS revenue_rub,
    m.refunds_rub AS refunds_rub,
    m.net_revenue_rub AS net_revenue_rub,
    m.income_rub AS organiser_income_rub,
    if(m.impressions > 0, m.clicks / m.impressions * 100, NULL) AS ctr_pct,
    if(m.clicks > 0, m.spend_rub / m.clicks, NULL) AS cpc_rub,
    if(m.impressions > 0, m.spend_rub / m.impressions * 1000, NULL) AS cpm_rub,
    if(m.row_roas IS NOT NULL AND m.tickets_paid > 0, m.spend_rub / m.tickets_paid, NULL) AS cpt_rub,
    if(m.row_roas IS NOT NULL AND m.clicks > 0, m.tickets_paid / m.clicks * 100, NULL) AS conversion_pct,
    m.row_roas AS roas,
    (m.row_roas - 1) * 100 AS romi_pct,
    if(m.income_rub > 0, 100 / m.row_roas, NULL) AS drr_pct,
    t.romi_status AS romi_status,
    t.romi_status_code AS romi_status_code,
    m.whole_roas AS campaign_roas,
    w.romi_status AS campaign_status,
    w.romi_status_code AS campaign_status_code,
    t.roas_green_above AS roas_green_above,
    t.roas_yellow_from AS roas_yellow_from,
    m.as_of AS data_as_of
FROM met AS m
ASOF JOIN v_romi_lights AS t
    ON toUInt8(multiIf(m.spend_rub <= 0, 0, m.row_roas IS NULL, 2, 1)) = t.light_kind
    AND round(ifNull(m.row_roas, 0), 9) >= t.roas_from
ASOF JOIN v_romi_lights AS w
    ON toUInt8(m.whole_roas IS NOT NULL) = w.light_kind AND round(ifNull(m.whole_roas, 0), 9) >= w.roas_from
LEFT ANY JOIN (SELECT city, city_name FROM dim_cities FINAL) AS c ON m.city = c.city
)
COMMENT 'Кампании и группы: расход, продажи и ROMI'
