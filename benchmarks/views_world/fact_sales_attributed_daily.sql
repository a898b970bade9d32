INSERT INTO fact_sales_attributed_daily (
    sale_date, date, sales_source, event_id, show_id, city, utm_source, utm_medium, utm_campaign, utm_content, match_level,
    channel_group, source, account, campaign_id, campaign_name, ad_group_id, ad_group_name,
    utm_problem, orders, orders_free, tickets_sold,
    tickets_free, tickets_refunded, revenue_rub, refunds_rub, as_of, _loaded_at)
SELECT
    sale_date,
    if(is_refund, least(sale_date + cityHash64(number, 1) % 60, {last:Date}), sale_date) AS date,
    'api' AS sales_source,
    (show_id - 1) % {events:UInt64} + 1 AS event_id,
    show_id,
    {cities:Array(String)}[(show_id - 1) % 10 + 1] AS city,
    ['vk', 'yandex', 'posev', ''][channel] AS utm_source,
    if(channel = 4, '', 'cpc') AS utm_medium,
    if(channel = 4, '', concat('c', toString(campaign))) AS utm_campaign,
    if(channel = 4, '', concat('tomsk_', toString(show_id % 28 + 1), '_11')) AS utm_content,
    ['utm', 'campaign', 'source', 'none'][channel] AS match_level,
    ['VK Реклама', 'Яндекс.Директ', 'Посевы', 'без меток'][channel] AS channel_group,
    ['vk_ads', 'yandex_direct', 'не указано', 'не указано'][channel] AS source,
    if(channel < 3, 'кабинет', '') AS account,
    if(channel < 3, campaign, 0) AS campaign_id,
    if(channel < 3, concat('Кампания ', toString(campaign)), '') AS campaign_name,
    if(channel < 3, campaign * 2 + cityHash64(number, 10) % 2, 0) AS ad_group_id,
    if(channel < 3, concat('Группа ', toString(ad_group_id % 2)), '') AS ad_group_name,
    if(channel = 3, 'не названы ни реклама, ни город', '') AS utm_problem,
    NOT is_refund AS orders,
    cityHash64(number, 3) % 2 AND NOT is_refund AS orders_free,
    if(is_refund, 0, tickets) AS tickets_sold,
    0 AS tickets_free,
    if(is_refund, tickets, 0) AS tickets_refunded,
    if(is_refund, 0, price) AS revenue_rub,
    if(is_refund, price, 0) AS refunds_rub,
    toDateTime(sale_date) + 90000 AS as_of,
    as_of AS _loaded_at
FROM
(
    SELECT
        number,
        {first:Date} + intDiv(number, {orders:UInt64}) AS sale_date,
        intDiv(intDiv(intDiv(number, {orders:UInt64}), 60) * {ads:UInt64} + cityHash64(number, 5) % {ads:UInt64}, 3) + 1 AS campaign,
        if(cityHash64(number, 4) % 2 = 0, campaign % 2 + 1, cityHash64(number, 9) % 2 + 3) AS channel,
        -- A show of the campaign's city among those on sale: every tenth is in one city.
        intDiv(number, {orders:UInt64}) * {opening:UInt64} AS sold_out,
        sold_out + cityHash64(number, 2) % intDiv({opening:UInt64} * {life:UInt64}, 10) * 10
            + (if(channel < 3, campaign, cityHash64(number, 11)) + 10 - sold_out % 10) % 10 + 1 AS show_id,
        cityHash64(number, 6) % 33 = 0 AS is_refund,
        cityHash64(number, 7) % 4 + 1 AS tickets,
        toDecimal64((cityHash64(number, 8) % 30 + 1) * 100, 2) AS price
    FROM numbers({begin:UInt64} * {orders:UInt64}, {length:UInt64} * {orders:UInt64})
)
