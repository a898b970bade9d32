-- Each ticket of the last 30 days belongs to an event and a show of the catalogue, and so has a city and a date.
-- asset: stg_qtickets_sales_raw
-- severity: warn
-- blocking: no
-- ru: QTickets: билеты без мероприятия или показа в каталоге
-- ru_action: Запустите qtickets_refresh: он заново читает каталог мероприятий.
-- action: materialise dim_events and dim_shows; if the detail stays, look the show up in the QTickets cabinet
WITH strangers AS
(
    SELECT show_id, event_id, sum(price_rub) AS money
    FROM stg_qtickets_sales_raw FINAL
    WHERE channel = 'api'
        AND sale_date > (SELECT max(sale_date) FROM stg_qtickets_sales_raw WHERE channel = 'api') - 30
        AND (show_id NOT IN (SELECT show_id FROM dim_shows) OR event_id NOT IN (SELECT event_id FROM dim_events))
    GROUP BY show_id, event_id
)
SELECT
    if(count() = 0, 'ok', 'warning') AS status,
    toFloat64(count()) AS figure,
    0. AS threshold,
    if(count() = 0, 'every show and event is known',
        concat(toString(count()), ' shows are not in the catalogue, show ', toString(any(show_id)), ' of event ',
            toString(any(event_id)), ' among them, ', toString(sum(money)), ' RUB')) AS detail
FROM strangers
