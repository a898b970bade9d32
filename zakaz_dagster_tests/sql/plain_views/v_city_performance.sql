-- v_city_performance from the facts alone, without what is added up for it.
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
met AS
(
    SELECT s.*, if(s.spend_rub > 0 AND s.city != 'не указано', s.organiser_income_rub / s.spend_rub, NULL) AS row_roas
    FROM summed AS s
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
