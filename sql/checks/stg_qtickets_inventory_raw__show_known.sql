-- Seats of the newest day's snapshots belong to shows of the catalogue.
-- asset: stg_qtickets_inventory_raw
-- severity: warn
-- blocking: no
-- ru: QTickets: места у неизвестного показа
-- ru_action: Запустите qtickets_refresh; если останется, найдите показ в кабинете QTickets.
-- action: materialise dim_shows; if the detail stays, look the show up in the QTickets cabinet
SELECT
    if(count() = 0, 'ok', 'warning') AS status,
    toFloat64(count()) AS figure,
    0. AS threshold,
    if(count() = 0, 'every show is known',
        concat(toString(count()), ' shows are not in the catalogue, show ', toString(min(show_id)), ' among them')) AS detail
FROM
(
    SELECT DISTINCT show_id
    FROM stg_qtickets_inventory_raw FINAL
    WHERE snapshot_date = (SELECT max(snapshot_date) FROM stg_qtickets_inventory_raw) AND show_id NOT IN (SELECT show_id FROM dim_shows)
)
