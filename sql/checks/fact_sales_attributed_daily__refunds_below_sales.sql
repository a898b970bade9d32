-- No event gives back more than it ever sold.
-- asset: fact_sales_attributed_daily
-- severity: warn
-- blocking: no
-- ru: Возвратов у мероприятия больше, чем продаж
-- ru_action: Сверьте возвраты с кабинетом QTickets; возможно, не загружены старые продажи: загрузите дни раньше.
-- action: compare the event's refunds with the QTickets cabinet; older sales may be missing: load the days before
WITH events AS
(
    SELECT event_id, city, sum(revenue_rub) AS sold, sum(refunds_rub) AS refunded
    FROM fact_sales_attributed_daily
    WHERE sales_source = 'api'
    GROUP BY event_id, city
    HAVING refunded > sold
)
SELECT
    if(count() = 0, 'ok', 'warning') AS status,
    toFloat64(count()) AS figure,
    0. AS threshold,
    if(count() = 0, 'no event refunded more than it sold',
        concat(toString(count()), ' events, ', toString(any(event_id)), ' among them, ', toString(sum(refunded - sold)),
            ' RUB more than sold')) AS detail
FROM events
