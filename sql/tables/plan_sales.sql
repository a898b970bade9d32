-- The sales plan as uploaded by `zakaz import plan`: a file is the whole plan of every date it names.
-- grain: one row per (date, event, city)
-- day: date
CREATE TABLE IF NOT EXISTS plan_sales
(
    date Date COMMENT 'День продажи, на который поставлен план (Москва)',
    event_id UInt64 COMMENT 'Мероприятие QTickets; 0, если файл его номера не называет',
    event_name String COMMENT 'Мероприятие, как оно названо в файле; пусто, если план на все мероприятия',
    event_key String COMMENT 'Название для сравнения: слова строчными буквами, «ё» как «е»',
    city_raw String COMMENT 'Город, как в файле; пусто, если план без города',
    city_key String COMMENT 'Город для сравнения: нормальная форма написания',
    plan_tickets UInt64 COMMENT 'План, билетов',
    plan_revenue_rub Decimal(18, 2) COMMENT 'План, выручка, руб.',
    _loaded_at DateTime('Europe/Moscow') COMMENT 'Когда загружено',
    _ver UInt64 COMMENT 'Версия строки: больше — новее',
    _run_id String COMMENT 'Загрузка, которая принесла строку'
)
ENGINE = ReplacingMergeTree(_ver)
PARTITION BY date
ORDER BY (date, event_id, event_key, city_key)
COMMENT 'План продаж';
