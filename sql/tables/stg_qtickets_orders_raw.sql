-- QTickets orders as the vendor gave them, without personal data: the source for replays.
-- grain: one row per order with a payment date
-- day: sale_date
-- source: qtickets
CREATE TABLE IF NOT EXISTS stg_qtickets_orders_raw
(
    sale_date Date COMMENT 'День оплаты заказа (Москва)',
    order_id UInt64 COMMENT 'Номер заказа QTickets',
    updated_at DateTime('Europe/Moscow') COMMENT 'Когда заказ изменён у QTickets',
    payload String COMMENT 'Заказ в JSON без персональных данных' CODEC(ZSTD(3)),
    _loaded_at DateTime('Europe/Moscow') COMMENT 'Когда загружено',
    _ver UInt64 COMMENT 'Версия строки: больше — новее',
    _run_id String COMMENT 'Запуск, который загрузил строку'
)
ENGINE = ReplacingMergeTree(_ver)
PARTITION BY sale_date
ORDER BY (sale_date, order_id)
COMMENT 'Заказы QTickets в исходном виде, без персональных данных';
