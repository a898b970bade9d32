-- v_plan_vs_fact from the facts alone, without what is added up for it.
WITH
events AS
(
    SELECT event_id, event_name, event_key, CAST(city AS String) AS city, is_deleted FROM dim_events FINAL
),
-- A name means the one live event that has it: in the plan's city, or anywhere if the plan names no city.
named AS
(
    SELECT v.event_key AS event_key, v.city AS city, min(v.event_id) AS event_id
    FROM events AS v
    WHERE v.is_deleted = 0 AND v.event_key != ''
    GROUP BY v.event_key, v.city
    HAVING uniqExact(v.event_id) = 1
),
named_once AS
(
    SELECT v.event_key AS event_key, min(v.event_id) AS event_id
    FROM events AS v
    WHERE v.is_deleted = 0 AND v.event_key != ''
    GROUP BY v.event_key
    HAVING uniqExact(v.event_id) = 1
),
written AS
(
    SELECT
        p.date AS date, p.event_id AS event_id, p.event_name AS event_name, p.event_key AS event_key,
        if(ifNull(a.city, '') = '', p.city_key, CAST(ifNull(a.city, '') AS String)) AS city,
        p.plan_tickets AS plan_tickets, p.plan_revenue_rub AS plan_revenue_rub
    FROM (SELECT * FROM plan_sales FINAL) AS p
    LEFT ANY JOIN (SELECT alias, city FROM dim_city_alias FINAL) AS a ON p.city_key = a.alias
),
meant AS
(
    SELECT
        w.date AS date,
        multiIf(
            w.event_id > 0, w.event_id,
            w.event_key = '', 0,
            ifNull(n.event_id, 0) > 0, ifNull(n.event_id, 0),
            w.city = '', ifNull(o.event_id, 0),
            0) AS event_id,
        w.event_key AS event_key, w.event_name AS event_name, w.city AS city,
        w.plan_tickets AS plan_tickets, w.plan_revenue_rub AS plan_revenue_rub
    FROM written AS w
    LEFT ANY JOIN named AS n ON w.event_key = n.event_key AND w.city = n.city
    LEFT ANY JOIN named_once AS o ON w.event_key = o.event_key
),
plans AS
(
    SELECT
        m.date AS date,
        multiIf(m.event_id > 0 OR m.event_key != '', 'мероприятие', m.city != '', 'город', 'все города') AS plan_scope,
        m.event_id AS event_id,
        if(m.event_id > 0, '', m.event_key) AS event_key,
        if(m.event_id > 0, '', m.event_name) AS event_name,
        multiIf(
            m.event_id > 0 AND ifNull(v.city, '') != '', ifNull(v.city, ''),
            m.city != '', m.city,
            m.event_id = 0 AND m.event_key = '', 'все города',
            'не указано') AS city,
        m.plan_tickets AS plan_tickets, m.plan_revenue_rub AS plan_revenue_rub
    FROM meant AS m
    LEFT ANY JOIN (SELECT event_id, city FROM events) AS v ON m.event_id = v.event_id
),
sales AS
(
    SELECT
        s.date AS date, s.event_id AS event_id, if(s.event_id > 0, '', s.event_key) AS event_key,
        if(s.event_id > 0, '', s.event_name) AS event_name, CAST(s.city AS String) AS city,
        sum(s.tickets_sold) - sum(s.tickets_free) AS tickets, sum(s.revenue_rub) AS revenue_rub, sum(s.refunds_rub) AS refunds_rub
    FROM v_sales_counted AS s
    GROUP BY s.date, s.event_id, event_key, event_name, s.city
),
-- Each sale under the narrowest plan that speaks of it.
facts AS
(
    SELECT
        f.date AS date,
        multiIf(
            (f.date, f.event_id, f.event_key, f.city) IN
                (SELECT date, event_id, event_key, city FROM plans WHERE plan_scope = 'мероприятие'), 'мероприятие',
            (f.date, f.city) IN (SELECT date, city FROM plans WHERE plan_scope = 'город'), 'город',
            f.date IN (SELECT date FROM plans WHERE plan_scope = 'все города'), 'все города',
            'без плана') AS scope,
        if(scope IN ('мероприятие', 'без плана'), f.event_id, 0) AS event_id,
        if(scope IN ('мероприятие', 'без плана'), f.event_key, '') AS event_key,
        if(scope IN ('мероприятие', 'без плана'), f.event_name, '') AS event_name,
        if(scope = 'все города', 'все города', f.city) AS city,
        f.tickets AS tickets, f.revenue_rub AS revenue_rub, f.refunds_rub AS refunds_rub
    FROM sales AS f
),
both AS
(
    SELECT
        date, plan_scope, event_id, event_key, event_name, city,
        toInt64(plan_tickets) AS plan_tickets, plan_revenue_rub,
        toInt64(0) AS fact_tickets, toDecimal64(0, 2) AS revenue_rub, toDecimal64(0, 2) AS refunds_rub
    FROM plans
    UNION ALL
    SELECT
        date, scope AS plan_scope, event_id, event_key, event_name, city,
        toInt64(0) AS plan_tickets, toDecimal64(0, 2) AS plan_revenue_rub,
        toInt64(tickets) AS fact_tickets, revenue_rub, refunds_rub
    FROM facts
),
summed AS
(
    SELECT
        b.date AS date,
        b.plan_scope AS plan_scope,
        b.event_id AS event_id,
        max(b.event_name) AS reported_name,
        b.city AS city,
        toUInt8(b.date <= toDate(now('Europe/Moscow'))) AS is_due,
        sum(b.plan_tickets) AS plan_tickets,
        sum(b.fact_tickets) AS fact_tickets,
        toFloat64(sum(b.plan_revenue_rub)) AS plan_revenue_rub,
        toFloat64(sum(b.revenue_rub)) AS fact_revenue_rub,
        toFloat64(sum(b.revenue_rub) - sum(b.refunds_rub)) AS fact_net_revenue_rub
    FROM both AS b
    GROUP BY b.date, b.plan_scope, b.event_id, b.event_key, b.city
)
SELECT
    s.date AS date,
    CAST(s.plan_scope AS LowCardinality(String)) AS plan_scope,
    s.event_id AS event_id,
    multiIf(
        ifNull(e.event_name, '') != '', ifNull(e.event_name, ''),
        s.reported_name != '', s.reported_name,
        s.plan_scope IN ('город', 'все города'), 'все мероприятия',
        'не указано') AS event_name,
    CAST(s.city AS LowCardinality(String)) AS city,
    multiIf(ifNull(c.city_name, '') != '', ifNull(c.city_name, ''), s.city = 'все города', 'Все города', s.city) AS city_name,
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
LEFT ANY JOIN (SELECT event_id, event_name FROM events) AS e ON s.event_id = e.event_id
LEFT ANY JOIN (SELECT city, city_name FROM dim_cities FINAL) AS c ON s.city = c.city
