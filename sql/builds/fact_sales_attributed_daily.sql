-- Sale lines of both channels, each movement on its own day, with the advertising it is owed to. Which channel counts on
-- which day is not decided here but where it is read (v_sales_attributed), because that may change later.
-- The ladder: the first rung that matches. ad and campaign compare numbers, utm compares the whole UTM with what the ads
-- send; a rung that finds two answers gives none and the next one is tried. show, city and source come from the tag.
-- day: sale_date
-- reaches: fact_marketing_daily attribution_window_days
-- grain: one row per (sale_date, date, show, city, four UTM, match)
WITH
said AS
(
    SELECT
        date,
        tuple(utm_source, utm_medium, utm_campaign, utm_content, utm_term) AS utm,
        arrayMap(text -> lowerUTF8(trimBoth(text)),
            [CAST(utm_source AS String), CAST(utm_medium AS String), utm_campaign, utm_content, utm_term]) AS folded,
        channel_group, source, tag_city, tag_reason, tag_show_date, tag_shows
    FROM fact_utm_daily
    WHERE date BETWEEN {first:Date} AND {last:Date}
),
-- What of a UTM may name an ad (1 to 3), a campaign (4), or be a campaign's own UTM (5).
asked AS
(
    SELECT
        date, utm, source,
        folded[5] AS term,
        rung,
        [
            concat('ad ', folded[4]),
            concat('ad ', folded[5]),
            concat('ad ', folded[3]),
            concat('campaign ', folded[3]),
            concat('utm ', arrayStringConcat(arraySlice(folded, 1, 4), '\n'))
        ][rung] AS key
    FROM said
    ARRAY JOIN [1, 2, 3, 4, 5] AS rung
),
-- Advertising that ran within the window (of no impressions, clicks and spend nobody was sent) and, without a date, every
-- ad the platforms list: a number needs no window.
ran AS
(
    SELECT
        toNullable(date) AS date, source, account, campaign_id, campaign_name, ad_group_id, ad_group_name, ad_id,
        arrayMap(text -> lowerUTF8(trimBoth(text)),
            [CAST(utm_source AS String), CAST(utm_medium AS String), utm_campaign, utm_content, utm_term]) AS folded
    FROM fact_marketing_daily
    WHERE date BETWEEN
            {first:Date} - toUInt16((SELECT value FROM dim_settings WHERE key = 'attribution_window_days')) AND {last:Date}
        AND (impressions != 0 OR clicks != 0 OR spend_rub != 0)
    UNION ALL
    SELECT
        NULL AS date, 'yandex_direct' AS source, account, campaign_id, campaign_name, ad_group_id, ad_group_name, ad_id,
        CAST([] AS Array(String)) AS folded
    FROM dim_direct_ads FINAL
    UNION ALL
    SELECT
        NULL AS date, 'vk_ads' AS source, a.account AS account, g.ad_plan_id AS campaign_id,
        p.ad_plan_name AS campaign_name, a.ad_group_id AS ad_group_id, g.ad_group_name AS ad_group_name, a.ad_id AS ad_id,
        CAST([] AS Array(String)) AS folded
    FROM dim_vk_ads AS a FINAL
    LEFT ANY JOIN
    (
        SELECT
            v.ad_group_id AS ad_group_id,
            argMax(v.ad_plan_id, v.valid_from) AS ad_plan_id,
            argMax(v.ad_group_name, v.valid_from) AS ad_group_name
        FROM dim_vk_ad_groups AS v FINAL
        GROUP BY v.ad_group_id
    ) AS g ON a.ad_group_id = g.ad_group_id
    LEFT ANY JOIN (SELECT ad_plan_id, ad_plan_name FROM dim_vk_ad_plans FINAL) AS p ON g.ad_plan_id = p.ad_plan_id
),
-- The answers: `target` tells two of them apart. VK's own default puts the ad group's id into utm_campaign.
answers AS
(
    SELECT
        [
            if(ad_id = 0, '', concat('ad ', toString(ad_id))),
            if(campaign_id = 0, '', concat('campaign ', toString(campaign_id))),
            if(ad_group_id = 0 OR source != 'vk_ads', '', concat('campaign ', toString(ad_group_id))),
            if(arrayAll(text -> text = '', folded), '', concat('utm ', arrayStringConcat(arraySlice(folded, 1, 4), '\n')))
        ][kind] AS key,
        if(kind = 4, folded[5], '') AS term,
        source,
        campaign_id,
        if(kind = 2, 0, ad_group_id) AS group_id,
        if(kind IN (2, 3), 0, ad_id) AS single_ad_id,
        if(kind = 1, ad_id, campaign_id) AS target,
        if(kind IN (2, 3), group_id, 0) AS target_group,
        max(date IS NULL) AS is_listed,
        groupUniqArray(date) AS days,
        argMax(tuple(account, campaign_name, if(kind = 2, '', ad_group_name)), ifNull(date, toDate('2149-06-06'))) AS about
    FROM ran
    ARRAY JOIN [1, 2, 3, 4] AS kind
    WHERE key != '' AND key IN (SELECT key FROM asked)
    GROUP BY key, term, source, campaign_id, group_id, single_ad_id, target, target_group
),
-- A macro left in utm_term is filled at the click, so such a term says nothing.
rungs AS
(
    SELECT
        q.date AS date,
        q.utm AS utm,
        q.rung AS rung,
        uniqExact(a.source, a.target, a.target_group) AS answers,
        min(a.source) AS source,
        min(a.campaign_id) AS campaign_id,
        if(uniqExact(a.group_id) = 1, min(a.group_id), 0) AS ad_group_id,
        if(uniqExactIf(a.single_ad_id, a.single_ad_id > 0) = 1, max(a.single_ad_id), 0) AS ad_id,
        max(a.about) AS about
    FROM asked AS q
    INNER JOIN answers AS a ON q.key = a.key
    WHERE (q.source = 'не указано' OR q.rung = 5 OR q.source = a.source)
        AND (q.rung != 5 OR q.term = a.term OR position(a.term, '{') > 0)
        AND (a.is_listed OR arrayExists(day -> day <= q.date
            AND day >= q.date - toUInt16((SELECT value FROM dim_settings WHERE key = 'attribution_window_days')), a.days))
    GROUP BY q.date, q.utm, q.rung
),
-- Of the fields that name an ad the first counts, even when it does not decide.
best AS
(
    SELECT
        date,
        utm,
        argMinIf(tuple(rung, source, campaign_id, ad_group_id, ad_id, about), rung,
            answers = 1 AND (rung > 3 OR rung = first_ad)) AS found,
        maxIf(answers, rung = 5) AS utm_answers
    FROM (SELECT *, min(rung) OVER (PARTITION BY date, utm) AS first_ad FROM rungs)
    GROUP BY date, utm
),
owed AS
(
    SELECT
        s.date AS date,
        s.utm AS utm,
        multiIf(
            b.found.1 BETWEEN 1 AND 3, 'ad',
            b.found.1 = 4, 'campaign',
            b.found.1 = 5, 'utm',
            s.tag_shows > 0, 'show',
            s.tag_city != '', 'city',
            s.channel_group NOT IN ('без меток', 'канал не определён'), 'source',
            'none') AS match_level,
        if(b.found.1 > 0, b.found.2, s.source) AS source,
        s.channel_group AS utm_channel_group,
        b.found.6.1 AS account,
        b.found.3 AS campaign_id,
        b.found.6.2 AS campaign_name,
        b.found.4 AS ad_group_id,
        if(b.found.4 > 0, b.found.6.3, '') AS ad_group_name,
        b.found.5 AS ad_id,
        s.tag_city AS tag_city,
        s.tag_show_date AS tag_show_date,
        multiIf(
            b.found.1 > 0 OR s.channel_group = 'без меток', '',
            s.channel_group = 'канал не определён', 'канал не определён',
            b.utm_answers > 1, 'метка нескольких кампаний',
            s.tag_shows > 0, '',
            s.tag_reason = 'unknown city', 'неизвестный город',
            s.tag_reason = 'impossible date', 'невозможная дата',
            s.tag_reason = 'numeric id', 'неизвестный номер рекламы',
            s.tag_show_date IS NOT NULL, 'нет показа в этот день',
            s.tag_city = '' AND s.source != 'не указано', 'не названы ни реклама, ни город',
            '') AS utm_problem
    FROM said AS s
    LEFT ANY JOIN best AS b ON s.date = b.date AND s.utm = b.utm
),
lines AS
(
    SELECT
        sale_date, channel, line_id, order_lines, event_id, show_id, event_name, city, tickets, price_rub,
        is_free, is_removed, removed_date, refund_date, refunded_tickets, refunded_rub, deduction_rub,
        tuple(utm_source, utm_medium, utm_campaign, utm_content, utm_term) AS utm,
        maxIf(price_rub, is_removed = 0)
            OVER (PARTITION BY channel, sale_date, if(order_id = 0, line_id, toString(order_id))) AS dearest_rub,
        ifNull(reported_at, _loaded_at) AS known_at,
        trimBoth(replaceRegexpAll(translateUTF8(lowerUTF8(event_name), 'ё', 'е'), '[^\\p{L}\\p{N}]+', ' ')) AS name_key
    FROM stg_qtickets_sales_raw FINAL
    WHERE sale_date BETWEEN {first:Date} AND {last:Date}
),
loads AS
(
    SELECT day, covered_until
    FROM meta_day_loads FINAL
    WHERE source = 'qtickets' AND day BETWEEN {first:Date} AND {last:Date}
),
-- Mails name an event in words: it is known where one event of the city has that name.
named AS
(
    SELECT
        trimBoth(replaceRegexpAll(translateUTF8(lowerUTF8(v.event_name), 'ё', 'е'), '[^\\p{L}\\p{N}]+', ' ')) AS name_key,
        v.city AS city,
        min(v.event_id) AS event_id
    FROM dim_events AS v FINAL
    WHERE v.is_deleted = 0
    GROUP BY name_key, city
    HAVING uniqExact(v.event_id) = 1
),
-- Each line moves once when it is sold (1), refunded (2) or removed without a refund (3).
moves AS
(
    SELECT
        l.sale_date AS sale_date,
        multiIf(move = 1, l.sale_date, move = 2, ifNull(l.refund_date, l.sale_date), ifNull(l.removed_date, l.sale_date)) AS date,
        l.channel AS sales_source,
        if(l.event_id = 0, e.event_id, l.event_id) AS event_id,
        if(l.event_id = 0 AND e.event_id = 0, l.event_name, '') AS event_name,
        l.show_id AS show_id,
        if(l.city = '', 'не указано', l.city) AS city,
        l.utm AS utm,
        if(move = 1, l.order_lines, 0) AS orders,
        if(move = 1 AND l.dearest_rub = 0, l.order_lines, 0) AS orders_free,
        if(move = 1, l.tickets, 0) AS tickets_sold,
        if(move = 1 AND l.is_free = 1, l.tickets, 0) AS tickets_free,
        if(move = 2, l.refunded_tickets, 0) AS tickets_refunded,
        if(move = 3, l.tickets, 0) AS tickets_removed,
        if(move = 1, l.price_rub, 0) AS revenue_rub,
        if(move = 2, l.refunded_rub, 0) AS refunds_rub,
        if(move = 2, l.deduction_rub, 0) AS deduction_rub,
        if(l.channel = 'api' AND d.covered_until > toDateTime(0), d.covered_until, l.known_at) AS as_of
    FROM lines AS l
    LEFT ANY JOIN loads AS d ON l.sale_date = d.day
    LEFT ANY JOIN named AS e ON l.name_key = e.name_key AND l.city = e.city
    ARRAY JOIN [1, 2, 3] AS move
    WHERE (move = 1 AND l.is_removed = 0) OR (move = 2 AND l.refund_date IS NOT NULL) OR (move = 3 AND l.is_removed = 1)
),
platforms AS
(
    SELECT source, min(channel_group) AS channel_group FROM dim_channels WHERE source != '' GROUP BY source
)
SELECT
    m.sale_date AS sale_date,
    m.date AS date,
    m.sales_source AS sales_source,
    m.event_id AS event_id,
    m.event_name AS event_name,
    m.show_id AS show_id,
    m.city AS city,
    m.utm.1 AS utm_source,
    m.utm.2 AS utm_medium,
    m.utm.3 AS utm_campaign,
    m.utm.4 AS utm_content,
    if(throwIf(o.match_level = '', 'fact_utm_daily lacks a UTM of these days: build it first') = 1, '',
        o.match_level) AS match_level,
    if(p.channel_group != '', p.channel_group, o.utm_channel_group) AS channel_group,
    o.source AS source,
    o.account AS account,
    o.campaign_id AS campaign_id,
    o.campaign_name AS campaign_name,
    o.ad_group_id AS ad_group_id,
    o.ad_group_name AS ad_group_name,
    o.ad_id AS ad_id,
    o.tag_city AS tag_city,
    o.tag_show_date AS tag_show_date,
    o.utm_problem AS utm_problem,
    sum(m.orders) AS orders,
    sum(m.orders_free) AS orders_free,
    sum(m.tickets_sold) AS tickets_sold,
    sum(m.tickets_free) AS tickets_free,
    sum(m.tickets_refunded) AS tickets_refunded,
    sum(m.tickets_removed) AS tickets_removed,
    sum(m.revenue_rub) AS revenue_rub,
    sum(m.refunds_rub) AS refunds_rub,
    sum(m.deduction_rub) AS deduction_rub,
    max(m.as_of) AS as_of
FROM moves AS m
LEFT ANY JOIN owed AS o ON m.sale_date = o.date AND m.utm = o.utm
LEFT ANY JOIN platforms AS p ON o.source = p.source
GROUP BY
    sale_date, date, sales_source, event_id, event_name, show_id, city,
    utm_source, utm_medium, utm_campaign, utm_content, match_level, channel_group, source,
    account, campaign_id, campaign_name, ad_group_id, ad_group_name, ad_id, tag_city, tag_show_date, utm_problem
