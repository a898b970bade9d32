-- Which ad or campaign each UTM of a day's sales names. ad and campaign compare numbers, utm the whole UTM with what the
-- ads send; a rung that finds two answers gives none, and the next one is tried.
-- An unknown channel takes the one platform that has the number; a known channel without a platform takes none.
-- reaches: fact_marketing_daily attribution_window_days
-- day: date
-- grain: one row per (date, five UTM) of a sale of that day
WITH
toUInt16((SELECT value FROM dim_settings FINAL WHERE key = 'attribution_window_days')) AS window_days,
sold AS
(
    SELECT
        date, tuple(utm_source, utm_medium, utm_campaign, utm_content, utm_term) AS utm,
        arrayMap(text -> lowerUTF8(trimBoth(text)),
            [CAST(utm_source AS String), CAST(utm_medium AS String), utm_campaign, utm_content, utm_term]) AS folded,
        multiIf(channel_group = 'канал не определён', 'any', source = 'не указано', 'none', source) AS platform
    FROM fact_utm_daily
    WHERE date BETWEEN {first:Date} AND {last:Date}
        AND (date, utm_source, utm_medium, utm_campaign, utm_content, utm_term) IN
        (
            SELECT sale_date, utm_source, utm_medium, utm_campaign, utm_content, utm_term
            FROM stg_qtickets_sales_raw
            WHERE sale_date BETWEEN {first:Date} AND {last:Date}
        )
),
-- What of a UTM may name an ad (rungs 1 to 3), a campaign (4), or be a campaign's own UTM (5).
asked AS
(
    SELECT
        date, utm, folded[5] AS term, platform, rung,
        [
            concat('ad ', folded[4]), concat('ad ', folded[5]), concat('ad ', folded[3]), concat('campaign ', folded[3]),
            concat('utm ', arrayStringConcat(arraySlice(folded, 1, 4), '\n'))
        ][rung] AS key
    FROM sold
    ARRAY JOIN [1, 2, 3, 4, 5] AS rung
    WHERE platform != 'none'
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
    WHERE date BETWEEN {first:Date} - window_days AND {last:Date} AND (impressions != 0 OR clicks != 0 OR spend_rub != 0)
    UNION ALL
    SELECT
        NULL AS date, source, account, campaign_id, campaign_name, ad_group_id, ad_group_name, ad_id,
        CAST([] AS Array(String)) AS folded
    FROM dim_ads FINAL
),
-- The answers: `target` tells two of them apart. VK's own default puts the ad group's id into utm_campaign.
answers AS
(
    SELECT
        [
            if(ad_id = 0, '', concat('ad ', toString(ad_id))),
            if(campaign_id = 0, '', concat('campaign ', toString(campaign_id))),
            if(ad_group_id = 0 OR campaign_id = 0 OR source != 'vk_ads', '', concat('campaign ', toString(ad_group_id))),
            if(campaign_id = 0 OR arrayAll(text -> text = '', folded), '', concat('utm ', arrayStringConcat(arraySlice(folded, 1, 4), '\n')))
        ][kind] AS key,
        if(kind = 4, folded[5], '') AS term,
        source, campaign_id, if(kind = 2, 0, ad_group_id) AS group_id, if(kind IN (2, 3), 0, ad_id) AS single_ad_id,
        tuple(source, if(kind = 1, ad_id, campaign_id), if(kind IN (2, 3), group_id, 0)) AS target,
        max(date IS NULL) AS is_listed,
        groupUniqArray(date) AS days,
        argMax(tuple(account, campaign_name, if(kind = 2, '', ad_group_name)), ifNull(date, toDate('2149-06-06'))) AS about
    FROM ran
    ARRAY JOIN [1, 2, 3, 4] AS kind
    WHERE key != '' AND key IN (SELECT key FROM asked)
    GROUP BY key, term, source, campaign_id, group_id, single_ad_id, target
),
-- A macro left in utm_term is filled at the click, so such a term says nothing.
rungs AS
(
    SELECT
        q.date AS date, q.utm AS utm, q.rung AS rung,
        uniqExact(a.target) AS targets,
        min(tuple(a.source, a.campaign_id)) AS campaign,
        if(uniqExact(a.group_id) = 1, min(a.group_id), 0) AS ad_group_id,
        if(uniqExactIf(a.single_ad_id, a.single_ad_id > 0) = 1, max(a.single_ad_id), 0) AS ad_id,
        max(a.about) AS about,
        min(q.rung) OVER (PARTITION BY q.date, q.utm) AS first_rung
    FROM asked AS q
    INNER JOIN answers AS a ON q.key = a.key
    WHERE (q.platform = 'any' OR q.rung = 5 OR q.platform = a.source)
        AND (q.rung != 5 OR q.term = a.term OR position(a.term, '{') > 0)
        AND (a.is_listed OR arrayExists(day -> day BETWEEN q.date - window_days AND q.date, a.days))
    GROUP BY q.date, q.utm, q.rung
),
-- Of the fields that name an ad the first counts, even when it does not decide.
best AS
(
    SELECT
        date, utm,
        argMinIf(tuple(rung, campaign, ad_group_id, ad_id, about), rung, targets = 1 AND (rung > 3 OR rung = first_rung)) AS found,
        maxIf(targets, rung = 5) AS sharing
    FROM rungs
    GROUP BY date, utm
)
SELECT
    s.date AS date,
    s.utm.1 AS utm_source, s.utm.2 AS utm_medium, s.utm.3 AS utm_campaign, s.utm.4 AS utm_content, s.utm.5 AS utm_term,
    multiIf(b.found.1 BETWEEN 1 AND 3, 'ad', b.found.1 = 4, 'campaign', b.found.1 = 5, 'utm', '') AS rung,
    b.found.2.1 AS source,
    b.found.5.1 AS account,
    b.found.2.2 AS campaign_id,
    b.found.5.2 AS campaign_name,
    b.found.3 AS ad_group_id,
    if(b.found.3 > 0, b.found.5.3, '') AS ad_group_name,
    b.found.4 AS ad_id,
    b.sharing AS campaigns_sharing
FROM sold AS s
LEFT ANY JOIN best AS b ON s.date = b.date AND s.utm = b.utm
