-- What each UTM of a day says by itself: its channel, and the city and the show that its tag names.
-- Tags are read by the platform's parser (dim_utm_tags); nothing here can fail on a text. A text that the dictionary lacks
-- is `unread` until the next refresh. An exhibition is named by every day of its run.
-- day: date
-- grain: one row per (date, five UTM)
WITH
seen AS
(
    SELECT
        sale_date AS date, CAST(utm_source AS String) AS utm_source, CAST(utm_medium AS String) AS utm_medium,
        utm_campaign, utm_content, utm_term
    FROM stg_qtickets_sales_raw
    WHERE sale_date BETWEEN {first:Date} AND {last:Date}
    UNION DISTINCT
    SELECT date, CAST(utm_source AS String), CAST(utm_medium AS String), utm_campaign, utm_content, utm_term
    FROM fact_vk_ads_daily
    WHERE date BETWEEN {first:Date} AND {last:Date}
    UNION DISTINCT
    SELECT date, CAST(utm_source AS String), CAST(utm_medium AS String), utm_campaign, utm_content, utm_term
    FROM fact_direct_daily
    WHERE date BETWEEN {first:Date} AND {last:Date}
),
-- A tag without a year means the first such day that is at most the grace past, within a year.
tagged AS
(
    SELECT
        s.date AS date, s.utm_source AS utm_source, s.utm_medium AS utm_medium, s.utm_campaign AS utm_campaign,
        s.utm_content AS utm_content, s.utm_term AS utm_term,
        t.city AS city, t.city_from AS city_from, t.city_raw AS city_raw,
        t.day AS day, t.month AS month, t.year AS year, t.date_from AS date_from,
        if(t.parser = '', 'unread', t.reason) AS reason,
        s.date - toUInt16((SELECT value FROM dim_settings FINAL WHERE key = 'tag_grace_days')) AS since,
        makeDate(toYear(since), greatest(t.month, 1), greatest(t.day, 1)) AS this_year,
        makeDate(toYear(since) + 1, greatest(t.month, 1), greatest(t.day, 1)) AS next_year,
        multiIf(
            t.parser = '' OR t.reason != '' OR t.day = 0, NULL,
            t.year > 0, makeDate(t.year, t.month, t.day),
            toDayOfMonth(this_year) = t.day AND this_year >= since, this_year,
            toDayOfMonth(next_year) = t.day AND next_year < since + 366, next_year,
            NULL) AS show_date
    FROM seen AS s
    LEFT ANY JOIN dim_utm_tags AS t FINAL
        ON s.utm_source = t.utm_source AND s.utm_medium = t.utm_medium
        AND s.utm_campaign = t.utm_campaign AND s.utm_content = t.utm_content
),
channels AS
(
    SELECT utm_source, utm_medium, channel_group, source FROM dim_channels FINAL
),
-- Each show on every day of its run; a run of more than a year is an error of the catalogue.
shows AS
(
    SELECT v.city AS city, toNullable(v.show_date + step) AS day, count() AS shows
    FROM dim_shows AS v FINAL
    ARRAY JOIN range(least(toUInt32(greatest(v.finish_date - v.show_date, 0)), 366) + 1) AS step
    GROUP BY city, day
)
SELECT
    t.date AS date,
    t.utm_source AS utm_source,
    t.utm_medium AS utm_medium,
    t.utm_campaign AS utm_campaign,
    t.utm_content AS utm_content,
    t.utm_term AS utm_term,
    multiIf(
        both.channel_group != '', both.channel_group,
        by_source.channel_group != '', by_source.channel_group,
        by_medium.channel_group != '', by_medium.channel_group,
        concat(t.utm_source, t.utm_medium, t.utm_campaign, t.utm_content, t.utm_term) = '', 'без меток',
        'канал не определён') AS channel_group,
    multiIf(
        both.channel_group != '', if(both.source = '', 'не указано', both.source),
        by_source.channel_group != '', if(by_source.source = '', 'не указано', by_source.source),
        by_medium.source != '', by_medium.source,
        'не указано') AS source,
    t.city AS tag_city,
    t.city_from AS tag_city_from,
    t.city_raw AS tag_city_raw,
    t.day AS tag_day,
    t.month AS tag_month,
    t.year AS tag_year,
    t.date_from AS tag_date_from,
    t.reason AS tag_reason,
    t.show_date AS tag_show_date,
    s.shows AS tag_shows
FROM tagged AS t
LEFT ANY JOIN channels AS both
    ON lowerUTF8(trimBoth(t.utm_source)) = both.utm_source AND lowerUTF8(trimBoth(t.utm_medium)) = both.utm_medium
LEFT ANY JOIN (SELECT * FROM channels WHERE utm_medium = '*') AS by_source
    ON lowerUTF8(trimBoth(t.utm_source)) = by_source.utm_source
LEFT ANY JOIN (SELECT * FROM channels WHERE utm_source = '*') AS by_medium
    ON lowerUTF8(trimBoth(t.utm_medium)) = by_medium.utm_medium
LEFT ANY JOIN shows AS s ON t.city = s.city AND t.show_date = s.day
