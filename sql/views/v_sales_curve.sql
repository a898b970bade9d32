-- How a show sells as its day comes near: tickets by days before it, and the running total. Refunds count on their day.
-- Tickets whose show is not known have no curve; they are in v_sales_daily.
-- grain: one row per (event_id, city, show_date, days_to_show)
CREATE OR REPLACE VIEW v_sales_curve
(
    show_date Date COMMENT 'День показа на площадке',
    city LowCardinality(String) COMMENT 'Город показа',
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
    SELECT show_id, event_id, event_name, if(city = '', 'не указано', city) AS city, show_date, is_deleted FROM dim_shows FINAL
),
seats AS
(
    SELECT f.show_id AS show_id, toInt64(argMax(f.seats_total, f.snapshot_date)) AS seats_total
    FROM fact_inventory_daily AS f
    GROUP BY f.show_id
),
capacities AS
(
    SELECT
        s.event_id AS event_id, s.city AS city, s.show_date AS show_date,
        sum(ifNull(p.seats_total, 0)) AS seats_total,
        countIf(ifNull(p.seats_total, 0) = 0) AS unmeasured
    FROM shows AS s
    LEFT ANY JOIN seats AS p ON s.show_id = p.show_id
    WHERE s.is_deleted = 0
    GROUP BY s.event_id, s.city, s.show_date
),
sold AS
(
    SELECT
        f.show_id AS show_id,
        f.date AS date,
        sum(f.tickets_sold) AS tickets_sold,
        sum(f.tickets_free) AS tickets_free,
        sum(f.tickets_refunded) AS tickets_refunded,
        sum(f.revenue_rub) - sum(f.refunds_rub) AS net_rub
    FROM fact_show_daily AS f
    WHERE f.show_id > 0
        AND (f.sales_source = 'mail') = (f.date IN (SELECT date FROM v_sales_days WHERE sales_source = 'mail' AND mail_in_facts = 1))
    GROUP BY f.show_id, f.date
),
days AS
(
    SELECT
        s.event_id AS event_id, s.city AS city, s.show_date AS show_date, d.date AS date,
        max(s.event_name) AS event_name,
        toInt64(sum(d.tickets_sold)) AS tickets_sold,
        toInt64(sum(d.tickets_free)) AS tickets_free,
        toInt64(sum(d.tickets_refunded)) AS tickets_refunded,
        sum(d.net_rub) AS net_rub
    FROM sold AS d
    INNER JOIN shows AS s ON d.show_id = s.show_id
    GROUP BY s.event_id, s.city, s.show_date, d.date
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
    toInt64(if(ifNull(c.unmeasured, 1) = 0, ifNull(c.seats_total, 0), 0)) AS capacity,
    if(ifNull(c.unmeasured, 1) = 0 AND ifNull(c.seats_total, 0) > 0,
        r.tickets_running / ifNull(c.seats_total, 0) * 100, NULL) AS sell_through_pct
FROM running AS r
LEFT ANY JOIN capacities AS c ON r.event_id = c.event_id AND r.city = c.city AND r.show_date = c.show_date
)
COMMENT 'Кривая продаж по дням до показа'
