-- Sales, refunds and removals that count, with the advertising they are owed to: every measure of a day and city from the
-- channel that knows it (fact_sales_channel_daily), chosen for the day the money moved. Orders, removals and deductions
-- are the API's alone: mails do not name them. Every view of attributed sales reads this one.
-- grain: that of fact_sales_attributed_daily; rows of which nothing counts are left out
CREATE OR REPLACE VIEW v_sales_attributed
(
    sale_date Date COMMENT 'День продажи, к которой относится строка (Москва)',
    date Date COMMENT 'День события: продажи, возврата или удаления (Москва)',
    sales_source LowCardinality(String) COMMENT 'Откуда взят день: api или mail',
    event_id UInt64 COMMENT 'Мероприятие QTickets, 0 если неизвестно',
    event_name String COMMENT 'Название из отчёта, если мероприятие неизвестно; иначе пусто',
    show_id UInt64 COMMENT 'Показ (сеанс) QTickets, 0 если неизвестно',
    city LowCardinality(String) COMMENT 'Город мероприятия; «не указано», если неизвестен',
    utm_source LowCardinality(String) COMMENT 'utm_source',
    utm_medium LowCardinality(String) COMMENT 'utm_medium',
    utm_campaign String COMMENT 'utm_campaign',
    utm_content String COMMENT 'utm_content',
    match_level LowCardinality(String) COMMENT 'Ступень: ad, campaign, utm, show, city, source или none',
    channel_group LowCardinality(String) COMMENT 'Группа каналов; «без меток», «канал не определён»',
    source LowCardinality(String) COMMENT 'Рекламный кабинет: vk_ads, yandex_direct или «не указано»',
    account LowCardinality(String) COMMENT 'Кабинет найденной рекламы; пусто, если её нет',
    campaign_id UInt64 COMMENT 'Найденная кампания, 0 если нет',
    campaign_name String COMMENT 'Её название',
    ad_group_id UInt64 COMMENT 'Найденная группа объявлений, 0 если нет',
    ad_group_name String COMMENT 'Её название',
    ad_id UInt64 COMMENT 'Найденное объявление, 0 если нет',
    utm_problem LowCardinality(String) COMMENT 'Что в метке не разобрано; пусто, если всё разобрано или меток нет',
    orders Int64 COMMENT 'Оплачено заказов, включая бесплатные',
    orders_free Int64 COMMENT 'Из них бесплатных',
    tickets_sold Int64 COMMENT 'Продано билетов, включая бесплатные',
    tickets_free Int64 COMMENT 'Из них бесплатных',
    tickets_refunded Int64 COMMENT 'Возвращено билетов',
    tickets_removed Int64 COMMENT 'Удалено билетов без возврата',
    revenue_rub Decimal(18, 2) COMMENT 'Выручка, руб.',
    refunds_rub Decimal(18, 2) COMMENT 'Возвраты, руб.',
    deduction_rub Decimal(18, 2) COMMENT 'Удержано при возвратах, руб.',
    as_of DateTime('Europe/Moscow') COMMENT 'По какой момент известны данные дня'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS (
WITH chosen AS
(
    SELECT
        f.*,
        (f.sales_source = 'mail') = (ifNull(t.mail_sales, 0) = 1) AS has_sales,
        (f.sales_source = 'mail') = (ifNull(t.mail_free, 0) = 1) AS has_free,
        (f.sales_source = 'mail') = (ifNull(t.mail_refunded_tickets, 0) = 1) AS has_refunded_tickets,
        (f.sales_source = 'mail') = (ifNull(t.mail_refunds, 0) = 1) AS has_refunds
    FROM fact_sales_attributed_daily AS f
    LEFT ANY JOIN fact_sales_channel_daily AS t ON f.date = t.date AND f.city = t.city
)
SELECT
    c.sale_date AS sale_date,
    c.date AS date,
    c.sales_source AS sales_source,
    c.event_id AS event_id,
    c.event_name AS event_name,
    c.show_id AS show_id,
    c.city AS city,
    c.utm_source AS utm_source,
    c.utm_medium AS utm_medium,
    c.utm_campaign AS utm_campaign,
    c.utm_content AS utm_content,
    c.match_level AS match_level,
    c.channel_group AS channel_group,
    c.source AS source,
    c.account AS account,
    c.campaign_id AS campaign_id,
    c.campaign_name AS campaign_name,
    c.ad_group_id AS ad_group_id,
    c.ad_group_name AS ad_group_name,
    c.ad_id AS ad_id,
    c.utm_problem AS utm_problem,
    toInt64(c.orders) AS orders,
    toInt64(c.orders_free) AS orders_free,
    if(c.has_sales, toInt64(c.tickets_sold), 0) AS tickets_sold,
    if(c.has_free, toInt64(c.tickets_free), 0) AS tickets_free,
    if(c.has_refunded_tickets, toInt64(c.tickets_refunded), 0) AS tickets_refunded,
    toInt64(c.tickets_removed) AS tickets_removed,
    if(c.has_sales, c.revenue_rub, toDecimal64(0, 2)) AS revenue_rub,
    if(c.has_refunds, c.refunds_rub, toDecimal64(0, 2)) AS refunds_rub,
    c.deduction_rub AS deduction_rub,
    c.as_of AS as_of
FROM chosen AS c
WHERE c.orders != 0 OR c.tickets_removed != 0 OR c.deduction_rub != 0
    OR (c.has_sales AND (c.tickets_sold != 0 OR c.revenue_rub != 0)) OR (c.has_free AND c.tickets_free != 0)
    OR (c.has_refunded_tickets AND c.tickets_refunded != 0) OR (c.has_refunds AND c.refunds_rub != 0)
)
COMMENT 'Продажи, которые считаются, и реклама, которой они обязаны'
