-- v_attribution_quality from the facts alone, without what is added up for it.
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
        sumIf(s.revenue_rub, s.utm_problem != '') AS unmapped_revenue_rub,
        min(s.as_of) AS as_of
    FROM v_sales_attributed AS s
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
