-- Sales, refunds and removals that count, with the advertising they are owed to: of every day the moves of the channel it
-- is taken from (v_sales_days). The choice is made for the day the money moved: a refund the API knows on a day that is
-- taken from the mail is left to the mail's own figures of that day. Every view of attributed sales reads this one.
-- grain: that of fact_sales_attributed_daily
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
SELECT
    f.sale_date AS sale_date,
    f.date AS date,
    f.sales_source AS sales_source,
    f.event_id AS event_id,
    f.event_name AS event_name,
    f.show_id AS show_id,
    f.city AS city,
    f.utm_source AS utm_source,
    f.utm_medium AS utm_medium,
    f.utm_campaign AS utm_campaign,
    f.utm_content AS utm_content,
    f.match_level AS match_level,
    f.channel_group AS channel_group,
    f.source AS source,
    f.account AS account,
    f.campaign_id AS campaign_id,
    f.campaign_name AS campaign_name,
    f.ad_group_id AS ad_group_id,
    f.ad_group_name AS ad_group_name,
    f.ad_id AS ad_id,
    f.utm_problem AS utm_problem,
    toInt64(f.orders) AS orders,
    toInt64(f.orders_free) AS orders_free,
    toInt64(f.tickets_sold) AS tickets_sold,
    toInt64(f.tickets_free) AS tickets_free,
    toInt64(f.tickets_refunded) AS tickets_refunded,
    toInt64(f.tickets_removed) AS tickets_removed,
    f.revenue_rub AS revenue_rub,
    f.refunds_rub AS refunds_rub,
    f.deduction_rub AS deduction_rub,
    f.as_of AS as_of
FROM fact_sales_attributed_daily AS f
WHERE (f.sales_source = 'mail') = (f.date IN (SELECT date FROM v_sales_days WHERE sales_source = 'mail' AND mail_in_facts = 1))
)
COMMENT 'Продажи, которые считаются, и реклама, которой они обязаны'
