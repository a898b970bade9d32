-- Seats of each show at the end of each day: the last snapshot taken on it.
-- grain: one row per (snapshot_date, show)
-- day: snapshot_date
CREATE TABLE IF NOT EXISTS fact_inventory_daily
(
    snapshot_date Date COMMENT 'День снимка (Москва)',
    show_id UInt64 COMMENT 'Показ (сеанс) QTickets',
    event_id UInt64 COMMENT 'Мероприятие QTickets',
    snapshot_at DateTime('Europe/Moscow') COMMENT 'Момент последнего снимка дня',
    seats_capacity UInt32 COMMENT 'Вместимость: места, открытые к продаже, и закрытые, что проданы или в брони',
    seats_total UInt32 COMMENT 'Места, открытые к продаже',
    seats_free UInt32 COMMENT 'Свободно из открытых',
    seats_sold UInt32 COMMENT 'Оплачено, и на закрытых местах',
    seats_held UInt32 COMMENT 'В брони и корзинах, и на закрытых местах',
    seats_disabled UInt32 COMMENT 'Закрыто организатором',
    _loaded_at DateTime('Europe/Moscow') COMMENT 'Когда построено',
    _ver UInt64 COMMENT 'Версия партиции: больше — новее',
    _run_id String COMMENT 'Запуск, который построил партицию'
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(snapshot_date)
ORDER BY (show_id, snapshot_date)
COMMENT 'Места по показам: последний снимок дня';
