-- Days whose facts were built from another reading of a tag than the one that has just been written (its _ver).
-- grain: one row per date
WITH read_now AS
(
    SELECT utm_source, utm_medium, utm_campaign, utm_content, city, city_from, day, month, year, reason
    FROM dim_utm_tags
    WHERE _ver = {ver:UInt64}
)
SELECT DISTINCT u.date AS date
FROM fact_utm_daily AS u
INNER JOIN read_now AS t
    ON u.utm_source = t.utm_source AND u.utm_medium = t.utm_medium
    AND u.utm_campaign = t.utm_campaign AND u.utm_content = t.utm_content
WHERE (u.tag_city, u.tag_city_from, u.tag_day, u.tag_month, u.tag_year, u.tag_reason)
    != (t.city, t.city_from, t.day, t.month, t.year, t.reason)
