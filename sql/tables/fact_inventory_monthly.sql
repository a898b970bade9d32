-- Seats of each show as last seen in each month, so that a show's newest snapshot is found among its months and not its days.
-- grain: one row per (month, show)
-- day: month
CREATE TABLE IF NOT EXISTS fact_inventory_monthly
(
    month Date COMMENT 'Месяц снимка, его первый день',
    show_id UInt64 COMMENT 'Показ (сеанс) QTickets',
    snapshot_date Date COMMENT 'День последнего снимка месяца (Москва)',
    event_id UInt64 COMMENT 'Мероприятие QTickets',
    snapshot_at DateTime('Europe/Moscow') COMMENT 'Момент последнего снимка',
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
PARTITION BY toYYYYMM(month)
ORDER BY (show_id, month)
COMMENT 'Места по показам: последний снимок месяца';
