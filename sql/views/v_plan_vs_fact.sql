-- Plan and fact by day, event and city; days that are still ahead have a plan and no fact.
-- grain: one row per (date, event_id, event_name, city)
CREATE OR REPLACE VIEW v_plan_vs_fact
(
    date Date COMMENT 'День продажи (Москва)',
    event_id UInt64 COMMENT 'Мероприятие QTickets; 0, если неизвестно',
    event_name String COMMENT 'Название мероприятия',
    city LowCardinality(String) COMMENT 'Город; «не указано», если неизвестен',
    is_due UInt8 COMMENT '1: день наступил',
    plan_tickets Int64 COMMENT 'План, билетов',
    fact_tickets Int64 COMMENT 'Факт: продано платных билетов',
    plan_revenue_rub Float64 COMMENT 'План, выручка, руб.',
    fact_revenue_rub Float64 COMMENT 'Факт: выручка, руб.',
    fact_net_revenue_rub Float64 COMMENT 'Факт: выручка за вычетом возвратов, руб.',
    plan_due_tickets Int64 COMMENT 'План по сегодняшний день, билетов',
    plan_due_revenue_rub Float64 COMMENT 'План по сегодняшний день, выручка, руб.',
    diff_tickets Int64 COMMENT 'Факт минус план, билетов',
    diff_revenue_rub Float64 COMMENT 'Факт минус план, руб.',
    done_tickets_pct Nullable(Float64) COMMENT 'Выполнение плана по билетам, %; пусто без плана',
    done_revenue_pct Nullable(Float64) COMMENT 'Выполнение плана по выручке, %; пусто без плана'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS (
WITH
both AS
(
    SELECT
        date, event_id, if(event_id = 0, event_name, '') AS reported_name, city,
        toInt64(plan_tickets) AS plan_tickets, plan_revenue_rub,
        toInt64(0) AS fact_tickets, toDecimal64(0, 2) AS revenue_rub, toDecimal64(0, 2) AS refunds_rub
    FROM plan_sales FINAL
    UNION ALL
    SELECT
        date, event_id, event_name AS reported_name, city,
        toInt64(0) AS plan_tickets, toDecimal64(0, 2) AS plan_revenue_rub,
        toInt64(tickets_sold) - toInt64(tickets_free) AS fact_tickets, revenue_rub, refunds_rub
    FROM v_sales_attributed
),
summed AS
(
    SELECT
        b.date AS date,
        b.event_id AS event_id,
        b.reported_name AS reported_name,
        b.city AS city,
        toUInt8(b.date <= toDate(now('Europe/Moscow'))) AS is_due,
        sum(b.plan_tickets) AS plan_tickets,
        sum(b.fact_tickets) AS fact_tickets,
        toFloat64(sum(b.plan_revenue_rub)) AS plan_revenue_rub,
        toFloat64(sum(b.revenue_rub)) AS fact_revenue_rub,
        toFloat64(sum(b.revenue_rub) - sum(b.refunds_rub)) AS fact_net_revenue_rub
    FROM both AS b
    GROUP BY b.date, b.event_id, b.reported_name, b.city
)
SELECT
    s.date AS date,
    s.event_id AS event_id,
    multiIf(
        ifNull(e.event_name, '') != '', ifNull(e.event_name, ''),
        s.reported_name != '', s.reported_name,
        'не указано') AS event_name,
    s.city AS city,
    s.is_due AS is_due,
    s.plan_tickets AS plan_tickets,
    s.fact_tickets AS fact_tickets,
    s.plan_revenue_rub AS plan_revenue_rub,
    s.fact_revenue_rub AS fact_revenue_rub,
    s.fact_net_revenue_rub AS fact_net_revenue_rub,
    if(s.is_due = 1, s.plan_tickets, 0) AS plan_due_tickets,
    if(s.is_due = 1, s.plan_revenue_rub, 0) AS plan_due_revenue_rub,
    s.fact_tickets - s.plan_tickets AS diff_tickets,
    round(s.fact_revenue_rub - s.plan_revenue_rub, 2) AS diff_revenue_rub,
    if(s.plan_tickets > 0, s.fact_tickets / s.plan_tickets * 100, NULL) AS done_tickets_pct,
    if(s.plan_revenue_rub > 0, s.fact_revenue_rub / s.plan_revenue_rub * 100, NULL) AS done_revenue_pct
FROM summed AS s
LEFT ANY JOIN (SELECT event_id, event_name FROM dim_events FINAL) AS e ON s.event_id = e.event_id
)
COMMENT 'План и факт продаж'
