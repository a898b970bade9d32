-- Seats of every show that is on sale, as a snapshot.
-- grain: one row per (snapshot, show)
-- day: snapshot_date
-- source: qtickets_inventory
-- versions: many (snapshots are added)
CREATE TABLE IF NOT EXISTS stg_qtickets_inventory_raw
(
    snapshot_date Date COMMENT 'День снимка (Москва)',
    snapshot_at DateTime('Europe/Moscow') COMMENT 'Момент снимка',
    show_id UInt64 COMMENT 'Показ (сеанс) QTickets',
    event_id UInt64 COMMENT 'Мероприятие QTickets',
    seats_capacity UInt32 COMMENT 'Вместимость: места, открытые к продаже, и закрытые, что проданы или в брони',
    seats_total UInt32 COMMENT 'Места, открытые к продаже',
    seats_free UInt32 COMMENT 'Свободно из открытых',
    seats_sold UInt32 COMMENT 'Оплачено, и на закрытых местах',
    seats_held UInt32 COMMENT 'В брони и корзинах, и на закрытых местах',
    seats_disabled UInt32 COMMENT 'Закрыто организатором',
    _loaded_at DateTime('Europe/Moscow') COMMENT 'Когда загружено',
    _ver UInt64 COMMENT 'Версия строки: больше — новее',
    _run_id String COMMENT 'Запуск, который загрузил строку'
)
ENGINE = ReplacingMergeTree(_ver)
PARTITION BY toYYYYMM(snapshot_date)
ORDER BY (snapshot_date, show_id, snapshot_at)
COMMENT 'Места по показам: снимки';
