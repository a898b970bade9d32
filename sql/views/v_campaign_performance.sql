-- Campaigns and ad groups: spend of the platform beside the sales owed to them (rungs ad, campaign and utm of the ladder).
-- Sales of weaker rungs stand in rows of campaign 0, so the sums are those of the facts.
-- grain: one row per (date, source, channel_group, account, campaign_id, ad_group_id, city)
CREATE OR REPLACE VIEW v_campaign_performance
(
    date Date COMMENT 'День рекламы и продажи или возврата (Москва)',
    city LowCardinality(String) COMMENT 'Город: у рекламы — из меток, у продаж — города мероприятия',
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
moved AS
(
    SELECT
        date, city, channel_group, source, account, campaign_id, ad_group_id,
        campaign_name AS own_campaign, ad_group_name AS own_group, '' AS listed_campaign, '' AS listed_group,
        spend_rub, spend_raw_rub, impressions, clicks, conversions,
        toInt64(0) AS orders, toInt64(0) AS tickets_sold, toInt64(0) AS tickets_free,
        toDecimal64(0, 2) AS revenue_rub, toDecimal64(0, 2) AS refunds_rub,
        as_of
    FROM fact_marketing_daily
    UNION ALL
    SELECT
        date, city, channel_group, source, account, campaign_id, ad_group_id,
        '' AS own_campaign, '' AS own_group, campaign_name AS listed_campaign, ad_group_name AS listed_group,
        toDecimal64(0, 2) AS spend_rub, toDecimal64(0, 2) AS spend_raw_rub,
        toInt64(0) AS impressions, toInt64(0) AS clicks, CAST(NULL AS Nullable(Int64)) AS conversions,
        toInt64(orders) AS orders, toInt64(tickets_sold) AS tickets_sold, toInt64(tickets_free) AS tickets_free,
        revenue_rub, refunds_rub,
        as_of
    FROM v_sales_attributed
),
summed AS
(
    SELECT
        m.date AS date,
        m.city AS city,
        m.channel_group AS channel_group,
        m.source AS source,
        m.account AS account,
        m.campaign_id AS campaign_id,
        m.ad_group_id AS ad_group_id,
        -- The platform's own name of the day, where it spent on it; a sale has the name that is listed now.
        if(max(m.own_campaign) != '', max(m.own_campaign), max(m.listed_campaign)) AS campaign_name,
        if(max(m.own_group) != '', max(m.own_group), max(m.listed_group)) AS ad_group_name,
        toFloat64(sum(m.spend_rub)) AS spend_rub,
        toFloat64(sum(m.spend_raw_rub)) AS spend_raw_rub,
        sum(m.impressions) AS impressions,
        sum(m.clicks) AS clicks,
        sum(m.conversions) AS conversions,
        sum(m.orders) AS orders,
        sum(m.tickets_sold) - sum(m.tickets_free) AS tickets_paid,
        sum(m.tickets_free) AS tickets_free,
        toFloat64(sum(m.revenue_rub)) AS revenue_rub,
        toFloat64(sum(m.refunds_rub)) AS refunds_rub,
        toFloat64(sum(m.revenue_rub) - sum(m.refunds_rub)) AS net_revenue_rub,
        min(m.as_of) AS as_of
    FROM moved AS m
    GROUP BY m.date, m.city, m.channel_group, m.source, m.account, m.campaign_id, m.ad_group_id
),
shared AS
(
    SELECT s.*, s.net_revenue_rub * l.organiser_share_pct / 100 AS income_rub, l.roas_green_above, l.roas_yellow_from
    FROM summed AS s
    CROSS JOIN v_settings AS l
),
lit AS
(
    SELECT
        h.*,
        toUInt8(multiIf(
            h.spend_rub <= 0, 0,
            round(h.income_rub / h.spend_rub, 9) > h.roas_green_above, 3,
            round(h.income_rub / h.spend_rub, 9) >= h.roas_yellow_from, 2,
            1)) AS code
    FROM shared AS h
)
SELECT
    date,
    city,
    channel_group,
    source,
    CAST(if(account = '', 'не указано', account) AS LowCardinality(String)) AS account,
    campaign_id,
    multiIf(campaign_name != '', campaign_name, campaign_id = 0, 'без кампании', 'не указано') AS campaign_name,
    ad_group_id,
    if(ad_group_name = '', 'не указано', ad_group_name) AS ad_group_name,
    spend_rub,
    spend_raw_rub,
    impressions,
    clicks,
    conversions,
    orders,
    tickets_paid,
    tickets_free,
    revenue_rub,
    refunds_rub,
    net_revenue_rub,
    income_rub AS organiser_income_rub,
    if(impressions > 0, clicks / impressions * 100, NULL) AS ctr_pct,
    if(clicks > 0, spend_rub / clicks, NULL) AS cpc_rub,
    if(impressions > 0, spend_rub / impressions * 1000, NULL) AS cpm_rub,
    if(tickets_paid > 0 AND spend_rub > 0, spend_rub / tickets_paid, NULL) AS cpt_rub,
    if(clicks > 0, tickets_paid / clicks * 100, NULL) AS conversion_pct,
    if(spend_rub > 0, income_rub / spend_rub, NULL) AS roas,
    if(spend_rub > 0, (income_rub - spend_rub) / spend_rub * 100, NULL) AS romi_pct,
    if(spend_rub > 0 AND income_rub > 0, spend_rub / income_rub * 100, NULL) AS drr_pct,
    CAST(['нет расхода', 'красный', 'жёлтый', 'зелёный'][code + 1] AS LowCardinality(String)) AS romi_status,
    code AS romi_status_code,
    roas_green_above,
    roas_yellow_from,
    as_of AS data_as_of
FROM lit
)
COMMENT 'Кампании и группы: расход, продажи и ROMI'
