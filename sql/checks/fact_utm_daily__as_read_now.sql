-- The facts say of each UTM what the parser says of it now, and count the shows that the catalogue has now.
-- asset: fact_utm_daily
-- severity: warn
-- blocking: no
-- ru: Метки прочитаны по старым правилам или показы с тех пор изменились
-- ru_action: Запустите reload_days за дни, названные в подробностях.
-- action: run the job reload_days for the days the detail names
WITH
shows AS
(
    SELECT v.city AS city, toNullable(v.show_date + step) AS day, count() AS shows
    FROM dim_shows AS v FINAL
    ARRAY JOIN range(least(toUInt32(greatest(v.finish_date - v.show_date, 0)), 366) + 1) AS step
    GROUP BY city, day
),
outdated AS
(
    SELECT u.date AS date
    FROM fact_utm_daily AS u
    INNER JOIN (SELECT * FROM dim_utm_tags FINAL) AS t
        ON u.utm_source = t.utm_source AND u.utm_medium = t.utm_medium
        AND u.utm_campaign = t.utm_campaign AND u.utm_content = t.utm_content
    LEFT ANY JOIN shows AS s ON u.tag_city = s.city AND u.tag_show_date = s.day
    WHERE (u.tag_city, u.tag_city_from, u.tag_day, u.tag_month, u.tag_year, u.tag_reason)
            != (t.city, t.city_from, t.day, t.month, t.year, t.reason)
        OR u.tag_shows != s.shows
)
SELECT
    if(count() = 0, 'ok', 'warning') AS status,
    toFloat64(count()) AS figure,
    0. AS threshold,
    if(count() = 0, 'every UTM is read by the rules of now',
        concat(toString(count()), ' of ', toString(uniqExact(date)), ' days are not, from ', toString(min(date)), ' to ',
            toString(max(date)))) AS detail
FROM outdated
