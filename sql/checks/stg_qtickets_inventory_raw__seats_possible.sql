-- In the newest snapshot of each show, paid, held and free seats fit into the hall (five per cent of slack for standing zones).
-- asset: stg_qtickets_inventory_raw
-- severity: warn
-- blocking: no
-- ru: QTickets: мест продано больше, чем есть в зале
-- ru_action: Откройте зал названного показа в кабинете QTickets: места могли закрыть уже после продажи.
-- action: open the show's hall in the QTickets cabinet; seats may have been closed after they were sold
WITH halls AS
(
    SELECT show_id, argMax(seats_capacity, snapshot_at) AS total, argMax(seats_sold + seats_held + seats_free, snapshot_at) AS counted
    FROM stg_qtickets_inventory_raw FINAL
    WHERE snapshot_date > (SELECT max(snapshot_date) FROM stg_qtickets_inventory_raw) - 7
    GROUP BY show_id
    HAVING counted > total * 1.05
)
SELECT
    if(count() = 0, 'ok', 'warning') AS status,
    toFloat64(count()) AS figure,
    0. AS threshold,
    if(count() = 0, 'every hall holds its seats',
        concat(toString(count()), ' shows count more seats than the hall has, show ', toString(any(show_id)), ' among them')) AS detail
FROM halls
