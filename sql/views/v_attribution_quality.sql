-- How surely sales are owed to advertising: revenue by rung of the ladder. The sum over rungs is all sales.
-- grain: one row per (date, city, channel_group, match_level)
CREATE OR REPLACE VIEW v_attribution_quality
(
    date Date COMMENT 'День продажи или возврата (Москва)',
    city LowCardinality(String) COMMENT 'Город мероприятия',
    city_name String COMMENT 'Город',
    channel_group LowCardinality(String) COMMENT 'Группа каналов',
    match_level LowCardinality(String) COMMENT 'Ступень: ad, campaign, utm, show, city, source или none',
    match_level_no UInt8 COMMENT 'Номер ступени: 1 — точнее всего, 7 — ничего не известно',
    match_level_name LowCardinality(String) COMMENT 'Ступень словами',
    is_attributed UInt8 COMMENT '1: известен хотя бы канал',
    orders Int64 COMMENT 'Оплачено заказов, включая бесплатные',
    tickets_paid Int64 COMMENT 'Продано платных билетов',
    revenue_rub Float64 COMMENT 'Выручка, руб.',
    refunds_rub Float64 COMMENT 'Возвраты, руб.',
    net_revenue_rub Float64 COMMENT 'Выручка за вычетом возвратов, руб.',
    unmapped_revenue_rub Float64 COMMENT 'Из выручки: метка есть, но разобрана не до конца (см. v_utm_unmapped)',
    day_share_pct Nullable(Float64) COMMENT 'Доля строки в выручке всего дня, %',
    data_as_of DateTime('Europe/Moscow') COMMENT 'По какой момент известны данные строки'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS (
WITH
summed AS
(
    SELECT
        s.date AS date,
        s.city AS city,
        s.channel_group AS channel_group,
        s.match_level AS match_level,
        toInt64(sum(s.orders)) AS orders,
        toInt64(sum(s.tickets_sold) - sum(s.tickets_free)) AS tickets_paid,
        sum(s.revenue_rub) AS revenue_rub,
        sum(s.refunds_rub) AS refunds_rub,
        sum(s.unmapped_revenue_rub) AS unmapped_revenue_rub,
        min(s.known_from) AS as_of
    FROM fact_sales_counted_daily AS s
    GROUP BY s.date, s.city, s.channel_group, s.match_level
),
shared AS
(
    SELECT
        m.*,
        if(ifNull(c.city_name, '') = '', CAST(m.city AS String), ifNull(c.city_name, '')) AS city_name,
        toFloat64(sum(m.revenue_rub) OVER (PARTITION BY m.date)) AS day_revenue_rub,
        toUInt8(indexOf(['ad', 'campaign', 'utm', 'show', 'city', 'source', 'none'], m.match_level)) AS level_no
    FROM summed AS m
    LEFT ANY JOIN (SELECT city AS own_city, city_name FROM dim_cities FINAL) AS c ON m.city = c.own_city
)
SELECT
    date,
    city,
    city_name,
    channel_group,
    match_level,
    level_no AS match_level_no,
    CAST(['неизвестная ступень', 'объявление', 'кампания', 'метка кампании', 'показ', 'город', 'канал', 'ничего'][level_no + 1]
        AS LowCardinality(String)) AS match_level_name,
    toUInt8(level_no BETWEEN 1 AND 6) AS is_attributed,
    orders,
    tickets_paid,
    toFloat64(revenue_rub) AS revenue_rub,
    toFloat64(refunds_rub) AS refunds_rub,
    toFloat64(revenue_rub - refunds_rub) AS net_revenue_rub,
    toFloat64(unmapped_revenue_rub) AS unmapped_revenue_rub,
    if(day_revenue_rub > 0, toFloat64(revenue_rub) / day_revenue_rub * 100, NULL) AS day_share_pct,
    as_of AS data_as_of
FROM shared
)
COMMENT 'Насколько точно продажи отнесены к рекламе'
