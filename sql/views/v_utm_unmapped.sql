-- UTM that could not be read to the end, with the money at stake: sales owed to an unknown channel or campaign, spend
-- without a city, tags of shows that do not exist. What to do with each reason is in docs/metrics.md.
-- grain: one row per row of the facts: add up over what the page shows
CREATE OR REPLACE VIEW v_utm_unmapped
(
    date Date COMMENT 'День продажи, возврата или рекламы (Москва)',
    side LowCardinality(String) COMMENT 'Чьи деньги: продажи или расход',
    reason LowCardinality(String) COMMENT 'Что не разобрано',
    source LowCardinality(String) COMMENT 'Рекламный кабинет; «не указано», если неизвестен',
    utm_source LowCardinality(String) COMMENT 'utm_source',
    utm_medium LowCardinality(String) COMMENT 'utm_medium',
    utm_campaign String COMMENT 'utm_campaign',
    utm_content String COMMENT 'utm_content',
    city LowCardinality(String) COMMENT 'Город продажи или рекламы; «не указано», если неизвестен',
    city_name String COMMENT 'Город',
    campaign_name String COMMENT 'Кампания расхода; у продаж «не указано»',
    orders Int64 COMMENT 'Заказов',
    revenue_rub Float64 COMMENT 'Выручка под вопросом, руб.',
    spend_rub Float64 COMMENT 'Расход под вопросом, руб.',
    money_rub Float64 COMMENT 'Денег под вопросом: выручка и расход, руб.',
    data_as_of DateTime('Europe/Moscow') COMMENT 'По какой момент известны данные строки'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS (
WITH
doubtful AS
(
    SELECT
        date, 'продажи' AS side, utm_problem AS reason, source, utm_source, utm_medium, utm_campaign, utm_content, city,
        'не указано' AS campaign_name, toInt64(orders) AS orders, revenue_rub, toDecimal64(0, 2) AS spend_rub, as_of
    FROM v_sales_attributed
    WHERE utm_problem != ''
    UNION ALL
    SELECT
        date, 'расход' AS side, utm_problem AS reason, source, utm_source, utm_medium, utm_campaign, utm_content, city,
        campaign_name, toInt64(0) AS orders, toDecimal64(0, 2) AS revenue_rub, spend_rub, as_of
    FROM fact_marketing_daily
    WHERE utm_problem != ''
)
SELECT
    d.date AS date,
    CAST(d.side AS LowCardinality(String)) AS side,
    d.reason AS reason,
    d.source AS source,
    d.utm_source AS utm_source,
    d.utm_medium AS utm_medium,
    d.utm_campaign AS utm_campaign,
    d.utm_content AS utm_content,
    d.city AS city,
    if(ifNull(c.city_name, '') = '', CAST(d.city AS String), ifNull(c.city_name, '')) AS city_name,
    if(d.campaign_name = '', 'не указано', d.campaign_name) AS campaign_name,
    d.orders AS orders,
    toFloat64(d.revenue_rub) AS revenue_rub,
    toFloat64(d.spend_rub) AS spend_rub,
    toFloat64(d.revenue_rub + d.spend_rub) AS money_rub,
    d.as_of AS data_as_of
FROM doubtful AS d
LEFT ANY JOIN (SELECT city, city_name FROM dim_cities FINAL) AS c ON d.city = c.city
)
COMMENT 'Неразобранные метки и деньги под вопросом'
