-- What each UTM of a day says. The grammar of tags is that of zakaz_dagster/parsing (utm, cities); a test holds the two
-- together. One chain, each step read once: seen ─▶ texts ─▶ phrases ─▶ candidates ─▶ named ─▶ tags ─▶ days ─▶ shows.
-- day: date
-- grain: one row per (date, five UTM)
WITH
seen AS
(
    SELECT
        tuple(CAST(utm_source AS String), CAST(utm_medium AS String), utm_campaign, utm_content, utm_term) AS utm,
        groupUniqArray(date) AS dates
    FROM
    (
        SELECT sale_date AS date, utm_source, utm_medium, utm_campaign, utm_content, utm_term
        FROM stg_qtickets_sales_raw
        WHERE sale_date BETWEEN {first:Date} AND {last:Date}
        UNION ALL
        SELECT date, utm_source, utm_medium, utm_campaign, utm_content, utm_term
        FROM fact_vk_ads_daily
        WHERE date BETWEEN {first:Date} AND {last:Date}
        UNION ALL
        SELECT date, utm_source, utm_medium, utm_campaign, utm_content, utm_term
        FROM fact_direct_daily
        WHERE date BETWEEN {first:Date} AND {last:Date}
    )
    GROUP BY utm
),
-- The texts that may name a city, decoded as editors left them; <city>_<dd>_<mm> is read from the right.
texts AS
(
    SELECT
        utm,
        dates,
        field,
        [utm.4, utm.2, utm.3][field] AS text,
        trimBoth(replaceAll(decodeURLComponent(decodeURLComponent(text)), '+', ' ')) AS plain,
        if(field = 1 AND match(plain, '_[0-9][0-9]_[0-9][0-9]$') AND position(plain, '{') = 0,
            substringUTF8(plain, 1, lengthUTF8(plain) - 6), '') AS before_date,
        match(before_date, '\\p{L}') AS is_tag,
        if(is_tag, before_date, '') AS raw_city,
        if(is_tag, toUInt8(substring(plain, length(plain) - 4, 2)), 0) AS day,
        if(is_tag, toUInt8(substring(plain, length(plain) - 1, 2)), 0) AS month,
        is_tag AND month BETWEEN 1 AND 12
            AND day BETWEEN 1 AND [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month] AS is_dated,
        match(text, '^[0-9]+$') OR position(plain, '{') > 0 AS is_nameless
    FROM seen
    ARRAY JOIN [1, 2, 3] AS field
),
-- Each text, and the city's part of a tag (place 0), folded to the one spelling.
phrases AS
(
    SELECT
        utm, dates, text, plain, raw_city, day, month, is_tag, is_dated,
        tupleElement(kind, 1) AS place,
        trimBoth(replaceRegexpAll(replaceRegexpAll(
            translateUTF8(lowerUTF8(normalizeUTF8NFKC(tupleElement(kind, 2))), 'ё‐‑‒–—―−', 'е-------'),
            '[\\x{200B}-\\x{200D}\\x{2060}\\x{FEFF}\\x{00AD}]', ''), '[\\s_-]+', ' ')) AS folded,
        trimBoth(replaceRegexpAll(replaceRegexpAll(replaceRegexpAll(folded, '[.,"«»„“”()]', ' '), '[\'‘’ʼʹ`]', ''), ' +', ' ')) AS loose,
        if(tupleElement(kind, 1) = 0, [], extractAll(folded, '[\\p{L}\\p{N}]+')) AS words
    FROM texts
    ARRAY JOIN if(field = 1, [(0, raw_city), (1, if(is_nameless, '', plain))], [(field, if(is_nameless, '', plain))]) AS kind
),
-- What to look up: the phrase itself and its looser forms (no words), and every run of up to five of its words.
candidates AS
(
    SELECT
        utm, dates, place, text, plain, raw_city, day, month, is_tag, is_dated,
        tupleElement(candidate, 1) AS first_word,
        tupleElement(candidate, 2) AS words_taken,
        tupleElement(candidate, 3) AS spelling
    FROM phrases
    ARRAY JOIN arrayConcat(
        [
            (toUInt64(1), toUInt64(0), folded),
            (toUInt64(2), toUInt64(0), loose),
            (toUInt64(3), toUInt64(0), replaceRegexpAll(loose, '^((г|гор|город) )+|( (г|гор|город))+$', ''))
        ],
        arrayFlatten(arrayMap(
            start -> arrayMap(
                taken -> (toUInt64(start), toUInt64(taken), arrayStringConcat(arraySlice(words, start, taken), ' ')),
                range(1, least(6, length(words) - start + 2))),
            arrayEnumerate(words)))
    ) AS candidate
),
named AS
(
    SELECT
        c.utm AS utm,
        c.place AS place,
        any(c.dates) AS dates,
        any(c.text) AS text,
        any(c.plain) AS plain,
        any(c.raw_city) AS raw_city,
        any(c.day) AS day,
        any(c.month) AS month,
        any(c.is_tag) AS is_tag,
        any(c.is_dated) AS is_dated,
        argMinIf(s.city, c.first_word, c.words_taken = 0 AND s.city != '') AS whole,
        -- Spellings that are also words, names or markers count as a whole field only.
        arraySort(part -> (part.1, -part.2), groupArrayIf((c.first_word, toInt64(c.words_taken), s.city),
            c.words_taken > 0 AND s.city != '' AND c.spelling NOT IN (
            'rnd', 'рнд', 'nn', 'нн', 'smr', 'chel', 'kna', 'кмс', 'днепр', 'dnepr', 'мыски', 'myski', 'судак', 'sudak',
            'орел', 'orel', 'oryol', 'orlov', 'ковров', 'kovrov', 'глазов', 'glazov', 'шахты', 'shakhty', 'shahty',
            'волжский', 'volzhskiy', 'volzhsky', 'свободный', 'svobodnyy', 'svobodniy', 'svobodny',
            'грозный', 'groznyy', 'grozniy', 'grozny', 'находка', 'nakhodka', 'nahodka', 'саки', 'saki',
            'владимир', 'vladimir', 'артем', 'artem', 'artyom', 'николаев', 'nikolaev', 'златоуст', 'zlatoust',
            'серов', 'serov', 'королев', 'korolev', 'korolyov', 'жуковский', 'zhukovskiy', 'zhukovsky',
            'корсаков', 'korsakov', 'арсеньев', 'arsenyev', 'arsenev', 'губкин', 'gubkin', 'энгельс', 'engels'))) AS parts
    FROM candidates AS c
    LEFT ANY JOIN
    (
        SELECT
            trimBoth(replaceRegexpAll(translateUTF8(lowerUTF8(written), 'ё', 'е'), '[\\s_-]+', ' ')) AS spelling,
            CAST(any(name) AS String) AS city
        FROM (SELECT city AS name, arrayJoin([alias, CAST(city AS String)]) AS written FROM dim_city_alias FINAL)
        GROUP BY spelling
    ) AS s ON c.spelling = s.spelling
    GROUP BY c.utm, c.place
),
-- From the left, the longest first, no word twice; two different cities name none.
inside AS
(
    SELECT
        utm, place, dates, plain, raw_city, day, month, is_tag, is_dated, whole,
        arrayDistinct(tupleElement(arrayFold(
            (taken, part) -> if(part.1 >= taken.1, (part.1 + toUInt64(part.2), arrayPushBack(taken.2, part.3)), taken),
            parts,
            (toUInt64(0), CAST([] AS Array(String)))
        ), 2)) AS cities
    FROM named
),
fields AS
(
    SELECT
        utm,
        any(n.dates) AS dates,
        anyIf(n.plain, n.place = 1) AS plain,
        anyIf(n.raw_city, n.place = 1) AS raw_city,
        anyIf(n.is_tag, n.place = 1) AS is_tag,
        anyIf(n.is_dated, n.place = 1) AS is_dated,
        anyIf(n.day, n.place = 1) AS day,
        anyIf(n.month, n.place = 1) AS month,
        groupArrayIf(n.place, n.whole != '' OR length(n.cities) = 1) AS named_in,
        groupArrayIf(if(n.whole != '', n.whole, n.cities[1]), n.whole != '' OR length(n.cities) = 1) AS names,
        -- A seeding post names a day dd.mm in utm_medium; whether it is the show's is not known.
        match(trimBoth(utm.2), '^[0-9][0-9]\\.[0-9][0-9]$')
            AND (position(lower(utm.1), 'posev') > 0 OR position(lower(utm.3), 'posev') > 0) AS is_post
    FROM inside AS n
    GROUP BY utm
),
posts AS
(
    SELECT
        utm, dates, plain, raw_city, is_tag, is_dated, day, month,
        is_post AND NOT is_dated AS is_post_only,
        if(is_post, toUInt8(substring(trimBoth(utm.2), 1, 2)), 0) AS post_day,
        if(is_post, toUInt8(substring(trimBoth(utm.2), 4, 2)), 0) AS post_month,
        is_post_only AND post_month BETWEEN 1 AND 12
            AND post_day BETWEEN 1 AND [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][post_month] AS is_post_dated,
        -- First the city of a tag, then any city named in content, medium, campaign.
        has(named_in, 0) AS has_own_city,
        arraySort((name, place) -> place, names, named_in)[1] AS city,
        arraySort(named_in)[1] AS city_place
    FROM fields
),
tags AS
(
    SELECT
        utm,
        dates,
        raw_city,
        city,
        multiIf(city = '', '', city_place <= 1, 'content', city_place = 2, 'medium', 'campaign') AS city_from,
        multiIf(is_dated, day, is_post_dated, post_day, 0) AS tag_day,
        multiIf(is_dated, month, is_post_dated, post_month, 0) AS tag_month,
        multiIf(is_dated, 'content', is_post_dated, 'medium', '') AS date_from,
        multiIf(
            is_dated, if(has_own_city, '', 'unknown city'),
            is_tag OR (is_post_only AND NOT is_post_dated), 'impossible date',
            plain = '', 'no tag',
            position(plain, '{') > 0, 'macro',
            match(plain, '^[0-9]+$'), 'numeric id',
            'label') AS reason
    FROM posts
),
-- The tag's day with its year: the first one that is at most the grace past, within a year.
years AS
(
    SELECT
        date,
        utm,
        city,
        city_from,
        raw_city,
        tag_day,
        tag_month,
        date_from,
        reason,
        date - toUInt16((SELECT value FROM dim_settings FINAL WHERE key = 'tag_grace_days')) AS since,
        makeDate(toYear(since), greatest(tag_month, 1), greatest(tag_day, 1)) AS this_year,
        makeDate(toYear(since) + 1, greatest(tag_month, 1), greatest(tag_day, 1)) AS next_year
    FROM tags
    ARRAY JOIN dates AS date
),
days AS
(
    SELECT
        date, utm, city, city_from, raw_city, tag_day, tag_month, date_from, reason,
        if(reason = '', city, '') AS show_city,
        multiIf(
            date_from != 'content' OR reason != '', NULL,
            toDayOfMonth(this_year) = tag_day AND this_year >= since, this_year,
            toDayOfMonth(next_year) = tag_day AND next_year < since + 366, next_year,
            NULL) AS show_date,
        lowerUTF8(trimBoth(utm.1)) AS channel_source,
        lowerUTF8(trimBoth(utm.2)) AS channel_medium
    FROM years
),
channels AS
(
    SELECT
        d.date AS date, d.utm AS utm, d.city AS city, d.city_from AS city_from, d.raw_city AS raw_city,
        d.tag_day AS tag_day, d.tag_month AS tag_month, d.date_from AS date_from, d.reason AS reason,
        d.show_date AS show_date, s.shows AS shows,
        multiIf(both.channel_group != '', tuple(both.channel_group, both.source),
            by_source.channel_group != '', tuple(by_source.channel_group, by_source.source),
            tuple(by_medium.channel_group, by_medium.source)) AS channel
    FROM days AS d
    LEFT ANY JOIN dim_channels AS both ON d.channel_source = both.utm_source AND d.channel_medium = both.utm_medium
    LEFT ANY JOIN (SELECT utm_source, channel_group, source FROM dim_channels WHERE utm_medium = '*') AS by_source
        ON d.channel_source = by_source.utm_source
    LEFT ANY JOIN (SELECT utm_medium, channel_group, source FROM dim_channels WHERE utm_source = '*') AS by_medium
        ON d.channel_medium = by_medium.utm_medium
    LEFT ANY JOIN
    (
        SELECT city, toNullable(show_date) AS show_date, count() AS shows FROM dim_shows FINAL GROUP BY city, show_date
    ) AS s ON d.show_city = s.city AND d.show_date = s.show_date
)
SELECT
    date,
    utm.1 AS utm_source,
    utm.2 AS utm_medium,
    utm.3 AS utm_campaign,
    utm.4 AS utm_content,
    utm.5 AS utm_term,
    multiIf(channel.1 != '', channel.1, utm = ('', '', '', '', ''), 'без меток', 'канал не определён') AS channel_group,
    if(channel.2 = '', 'не указано', channel.2) AS source,
    city AS tag_city,
    city_from AS tag_city_from,
    raw_city AS tag_city_raw,
    tag_day,
    tag_month,
    date_from AS tag_date_from,
    reason AS tag_reason,
    show_date AS tag_show_date,
    shows AS tag_shows
FROM channels
