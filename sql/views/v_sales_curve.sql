-- How a show sells as its day comes near: tickets by days before it, and the running total. Refunds count on their day.
-- Tickets whose show is not known have no curve; they are in v_sales_daily.
-- grain: one row per (event_id, city, show_date, days_to_show)
CREATE OR REPLACE VIEW v_sales_curve
(
    show_date Date COMMENT 'День показа на площадке',
    city LowCardinality(String) COMMENT 'Город показа',
    city_name String COMMENT 'Город',
    event_id UInt64 COMMENT 'Мероприятие QTickets',
    event_name String COMMENT 'Название мероприятия',
    days_to_show Int64 COMMENT 'Дней до показа; меньше нуля — после него',
    date Date COMMENT 'День продажи или возврата (Москва)',
    tickets_sold Int64 COMMENT 'Продано в этот день, включая бесплатные',
    tickets_paid Int64 COMMENT 'Продано платных',
    tickets_refunded Int64 COMMENT 'Возвращено в этот день',
    net_revenue_rub Float64 COMMENT 'Выручка за вычетом возвратов этого дня, руб.',
    tickets_running Int64 COMMENT 'Продано минус возвращено с начала продаж',
    net_revenue_running_rub Float64 COMMENT 'Чистая выручка с начала продаж, руб.',
    sold_share_pct Nullable(Float64) COMMENT 'Продано к этому дню от всего проданного на показ, без учёта возвратов, %',
    capacity Int64 COMMENT 'Вместимость; 0, если неизвестна',
    sell_through_pct Nullable(Float64) COMMENT 'Заполнение к этому дню, %; пусто без вместимости'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS (
SELECT
    r.show_date AS show_date,
    CAST(r.city AS LowCardinality(String)) AS city,
    if(ifNull(c.city_name, '') = '', CAST(r.city AS String), ifNull(c.city_name, '')) AS city_name,
    r.event_id AS event_id,
    r.event_name AS event_name,
    toInt64(dateDiff('day', r.date, r.show_date)) AS days_to_show,
    r.date AS date,
    r.tickets_sold AS tickets_sold,
    r.tickets_sold - r.tickets_free AS tickets_paid,
    r.tickets_refunded AS tickets_refunded,
    toFloat64(r.net_rub) AS net_revenue_rub,
    r.tickets_running AS tickets_running,
    toFloat64(r.net_running_rub) AS net_revenue_running_rub,
    if(r.sold_total > 0, r.sold_running / r.sold_total * 100, NULL) AS sold_share_pct,
    r.capacity AS capacity,
    if(r.capacity > 0, r.tickets_running / r.capacity * 100, NULL) AS sell_through_pct
FROM fact_show_curves AS r
LEFT ANY JOIN (SELECT city, city_name FROM dim_cities FINAL) AS c ON r.city = c.city
)
COMMENT 'Кривая продаж по дням до показа'
