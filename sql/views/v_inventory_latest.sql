-- Seats of each show as last seen; a show that is no longer on sale keeps its last snapshot.
-- grain: one row per show
CREATE OR REPLACE VIEW v_inventory_latest
(
    show_id UInt64 COMMENT 'Показ (сеанс) QTickets',
    event_id UInt64 COMMENT 'Мероприятие QTickets',
    event_name String COMMENT 'Название мероприятия',
    city LowCardinality(String) COMMENT 'Город; «не указано», если неизвестен',
    city_name String COMMENT 'Город',
    show_date Nullable(Date) COMMENT 'День показа на площадке; пусто, если показа нет в афише',
    show_time String COMMENT 'Время начала на площадке',
    show_status LowCardinality(String) COMMENT 'впереди, идёт, прошёл, отменён или нет в афише',
    seats_capacity Int64 COMMENT 'Вместимость: места, открытые к продаже, и закрытые, что проданы или в брони',
    seats_total Int64 COMMENT 'Открыто к продаже мест',
    seats_sold Int64 COMMENT 'Оплачено',
    seats_held Int64 COMMENT 'В брони и корзинах',
    seats_free Int64 COMMENT 'Свободно',
    seats_disabled Int64 COMMENT 'Закрыто организатором',
    sell_through_pct Nullable(Float64) COMMENT 'Оплачено / вместимость, %',
    snapshot_at DateTime('Europe/Moscow') COMMENT 'Момент последнего снимка',
    data_as_of DateTime('Europe/Moscow') COMMENT 'По какой момент известны данные строки'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS (
WITH
seats AS
(
    SELECT
        f.show_id AS show_id,
        argMax(f.event_id, f.month) AS event_id,
        max(f.snapshot_at) AS snapshot_at,
        toInt64(argMax(f.seats_capacity, f.month)) AS seats_capacity,
        toInt64(argMax(f.seats_total, f.month)) AS seats_total,
        toInt64(argMax(f.seats_sold, f.month)) AS seats_sold,
        toInt64(argMax(f.seats_held, f.month)) AS seats_held,
        toInt64(argMax(f.seats_free, f.month)) AS seats_free,
        toInt64(argMax(f.seats_disabled, f.month)) AS seats_disabled
    FROM fact_inventory_monthly AS f
    GROUP BY f.show_id
),
shows AS
(
    SELECT show_id, event_name, city, toNullable(show_date) AS show_date, finish_date, show_time, is_deleted
    FROM dim_shows FINAL
)
SELECT
    f.show_id AS show_id,
    f.event_id AS event_id,
    if(ifNull(s.event_name, '') = '', 'не указано', ifNull(s.event_name, '')) AS event_name,
    CAST(if(ifNull(s.city, '') = '', 'не указано', ifNull(s.city, '')) AS LowCardinality(String)) AS city,
    if(ifNull(c.city_name, '') = '', if(ifNull(s.city, '') = '', 'Не указано', CAST(ifNull(s.city, '') AS String)), ifNull(c.city_name, '')) AS city_name,
    s.show_date AS show_date,
    ifNull(s.show_time, '') AS show_time,
    CAST(multiIf(
        s.show_date IS NULL, 'нет в афише',
        ifNull(s.is_deleted, 0) = 1, 'отменён',
        ifNull(s.show_date > toDate(now('Europe/Moscow')), 0), 'впереди',
        ifNull(greatest(s.show_date, s.finish_date) >= toDate(now('Europe/Moscow')), 0), 'идёт',
        'прошёл') AS LowCardinality(String)) AS show_status,
    f.seats_capacity AS seats_capacity,
    f.seats_total AS seats_total,
    f.seats_sold AS seats_sold,
    f.seats_held AS seats_held,
    f.seats_free AS seats_free,
    f.seats_disabled AS seats_disabled,
    if(f.seats_capacity > 0, f.seats_sold / f.seats_capacity * 100, NULL) AS sell_through_pct,
    f.snapshot_at AS snapshot_at,
    f.snapshot_at AS data_as_of
FROM seats AS f
LEFT ANY JOIN shows AS s ON f.show_id = s.show_id
LEFT ANY JOIN (SELECT city, city_name FROM dim_cities FINAL) AS c ON s.city = c.city
)
COMMENT 'Места по показам, как видели в последний раз'
