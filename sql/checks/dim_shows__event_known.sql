-- Each show belongs to an event of the catalogue, and so has a name and a city.
-- asset: dim_shows
-- severity: error
-- blocking: no
-- ru: QTickets: показ без мероприятия в каталоге
-- ru_action: Запустите qtickets_refresh: он читает мероприятия и показы вместе.
-- action: materialise dim_events and dim_shows together; they come from one reading
SELECT
    if(count() = 0, 'ok', 'error') AS status,
    toFloat64(count()) AS figure,
    0. AS threshold,
    if(count() = 0, 'every show has its event',
        concat(toString(count()), ' shows do not, show ', toString(min(show_id)), ' among them')) AS detail
FROM (SELECT show_id FROM dim_shows FINAL WHERE event_id NOT IN (SELECT event_id FROM dim_events))
