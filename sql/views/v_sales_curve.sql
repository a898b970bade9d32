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
WITH
shows AS
(
    SELECT show_id, event_id, event_name, if(city = '', 'не указано', CAST(city AS String)) AS city, show_date, is_deleted
    FROM dim_shows FINAL
),
seats AS
(
    SELECT f.show_id AS show_id, toInt64(argMax(f.seats_capacity, f.snapshot_date)) AS seats_capacity
    FROM fact_inventory_daily AS f
    GROUP BY f.show_id
),
capacities AS
(
    SELECT
        s.event_id AS event_id, s.city AS city, s.show_date AS show_date,
        sum(ifNull(p.seats_capacity, 0)) AS seats_capacity,
        countIf(ifNull(p.seats_capacity, 0) = 0) AS unmeasured
    FROM shows AS s
    LEFT ANY JOIN seats AS p ON s.show_id = p.show_id
    WHERE s.is_deleted = 0
    GROUP BY s.event_id, s.city, s.show_date
),
sold AS
(
    SELECT
        f.show_id AS show_id,
        CAST(f.city AS String) AS city,
        f.date AS date,
        sum(if((f.sales_source = 'mail') = (ifNull(t.mail_sales, 0) = 1), f.tickets_sold, 0)) AS tickets_sold,
        sum(if((f.sales_source = 'mail') = (ifNull(t.mail_free, 0) = 1), f.tickets_free, 0)) AS tickets_free,
        sum(if((f.sales_source = 'mail') = (ifNull(t.mail_refunded_tickets, 0) = 1), f.tickets_refunded, 0)) AS tickets_refunded,
        sum(if((f.sales_source = 'mail') = (ifNull(t.mail_sales, 0) = 1), f.revenue_rub, toDecimal64(0, 2)))
            - sum(if((f.sales_source = 'mail') = (ifNull(t.mail_refunds, 0) = 1), f.refunds_rub, toDecimal64(0, 2))) AS net_rub
    FROM fact_show_daily AS f
    LEFT ANY JOIN fact_sales_channel_daily AS t ON f.date = t.date AND f.city = t.city
    WHERE f.show_id > 0
    GROUP BY f.show_id, f.city, f.date
    HAVING tickets_sold != 0 OR tickets_free != 0 OR tickets_refunded != 0 OR net_rub != 0
),
-- The city is the sale's own, as in every other view.
days AS
(
    SELECT
        s.event_id AS event_id, d.city AS city, s.show_date AS show_date, d.date AS date,
        max(s.event_name) AS event_name,
        toInt64(sum(d.tickets_sold)) AS tickets_sold,
        toInt64(sum(d.tickets_free)) AS tickets_free,
        toInt64(sum(d.tickets_refunded)) AS tickets_refunded,
        sum(d.net_rub) AS net_rub
    FROM sold AS d
    INNER JOIN shows AS s ON d.show_id = s.show_id
    GROUP BY s.event_id, d.city, s.show_date, d.date
),
running AS
(
    SELECT
        d.*,
        sum(d.tickets_sold - d.tickets_refunded)
            OVER (PARTITION BY d.event_id, d.city, d.show_date ORDER BY d.date) AS tickets_running,
        sum(d.net_rub) OVER (PARTITION BY d.event_id, d.city, d.show_date ORDER BY d.date) AS net_running_rub,
        sum(d.tickets_sold) OVER (PARTITION BY d.event_id, d.city, d.show_date ORDER BY d.date) AS sold_running,
        sum(d.tickets_sold) OVER (PARTITION BY d.event_id, d.city, d.show_date) AS sold_total
    FROM days AS d
)
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
    toInt64(if(ifNull(h.unmeasured, 1) = 0, ifNull(h.seats_capacity, 0), 0)) AS capacity,
    if(ifNull(h.unmeasured, 1) = 0 AND ifNull(h.seats_capacity, 0) > 0,
        r.tickets_running / ifNull(h.seats_capacity, 0) * 100, NULL) AS sell_through_pct
FROM running AS r
LEFT ANY JOIN capacities AS h ON r.event_id = h.event_id AND r.city = h.city AND r.show_date = h.show_date
LEFT ANY JOIN (SELECT city, city_name FROM dim_cities FINAL) AS c ON r.city = c.city
)
COMMENT 'Кривая продаж по дням до показа'
