-- Sales whose city, event or show is not known, with the money at stake. A sale may stand under several kinds.
-- grain: one row per (kind, name, city, event_id, show_id)
CREATE OR REPLACE VIEW v_sales_unmapped
(
    kind LowCardinality(String) COMMENT 'Что неизвестно: город, мероприятие или показ',
    name String COMMENT 'Как это названо в источнике; «не указано», если не названо',
    city LowCardinality(String) COMMENT 'Город (ключ); «не указано», если неизвестен',
    city_name String COMMENT 'Город',
    event_id UInt64 COMMENT 'Мероприятие QTickets; 0, если неизвестно',
    show_id UInt64 COMMENT 'Показ (сеанс) QTickets; 0, если неизвестен',
    sales_source LowCardinality(String) COMMENT 'Откуда взяты продажи: api или mail',
    first_date Date COMMENT 'Первый день с такими продажами (Москва)',
    last_date Date COMMENT 'Последний день с такими продажами (Москва)',
    tickets_sold Int64 COMMENT 'Продано билетов, включая бесплатные',
    revenue_rub Float64 COMMENT 'Выручка под вопросом, руб.',
    net_revenue_rub Float64 COMMENT 'Из неё за вычетом возвратов, руб.',
    what_to_do String COMMENT 'Что сделать',
    data_as_of DateTime('Europe/Moscow') COMMENT 'По какой момент известны данные строки'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS (
WITH
known AS
(
    SELECT
        s.date AS date, s.event_id AS event_id, s.event_name AS event_name, s.show_id AS show_id, CAST(s.city AS String) AS city,
        s.sales_source AS sales_source, s.tickets_sold AS tickets_sold, s.revenue_rub AS revenue_rub,
        s.refunds_rub AS refunds_rub, s.as_of AS as_of,
        ifNull(c.city_name, '') AS city_name,
        ifNull(c.is_known, 0) = 1 AND s.city != 'не указано' AS has_city,
        s.event_id > 0 AND s.event_id IN (SELECT event_id FROM dim_events FINAL) AS has_event,
        s.show_id = 0 OR s.show_id IN (SELECT show_id FROM dim_shows FINAL) AS has_show
    FROM v_sales_counted AS s
    LEFT ANY JOIN (SELECT city, city_name, is_known FROM dim_cities FINAL) AS c ON s.city = c.city
),
odd AS
(
    SELECT
        k.*,
        arrayJoin(arrayFilter(one -> one != '',
            [if(k.has_city, '', 'город'), if(k.has_event, '', 'мероприятие'), if(k.has_show, '', 'показ')])) AS kind
    FROM known AS k
)
SELECT
    CAST(o.kind AS LowCardinality(String)) AS kind,
    multiIf(
        o.kind = 'показ', toString(o.show_id),
        o.kind = 'мероприятие' AND o.event_name != '', o.event_name,
        o.kind = 'мероприятие' AND o.event_id > 0, toString(o.event_id),
        o.kind = 'город' AND o.city != 'не указано', if(o.city_name = '', o.city, o.city_name),
        'не указано') AS name,
    CAST(o.city AS LowCardinality(String)) AS city,
    if(max(o.city_name) = '', o.city, max(o.city_name)) AS city_name,
    o.event_id AS event_id,
    if(o.kind = 'показ', o.show_id, 0) AS show_id,
    o.sales_source AS sales_source,
    min(o.date) AS first_date,
    max(o.date) AS last_date,
    sum(o.tickets_sold) AS tickets_sold,
    toFloat64(sum(o.revenue_rub)) AS revenue_rub,
    toFloat64(sum(o.revenue_rub) - sum(o.refunds_rub)) AS net_revenue_rub,
    multiIf(
        o.kind = 'город' AND name = 'не указано', 'Укажите город мероприятия в кабинете QTickets',
        o.kind = 'город', 'Добавьте написание в sql/seeds/city_aliases.csv',
        o.kind = 'показ', 'Найдите показ в кабинете QTickets; обновите каталог (qtickets_refresh)',
        o.sales_source = 'mail', 'Назовите мероприятие в отчёте так, как в QTickets, или его номером',
        'Найдите мероприятие в кабинете QTickets; обновите каталог (qtickets_refresh)') AS what_to_do,
    max(o.as_of) AS data_as_of
FROM odd AS o
GROUP BY o.kind, name, o.city, o.event_id, if(o.kind = 'показ', o.show_id, 0), o.sales_source
)
COMMENT 'Продажи с неизвестным городом, мероприятием или показом'
