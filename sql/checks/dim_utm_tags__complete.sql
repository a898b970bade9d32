-- Every UTM of the facts was read by the parser; a tag that was not names no city and no show.
-- asset: dim_utm_tags
-- severity: error
-- blocking: no
-- ru: Метки: часть ещё не прочитана, её деньги без города и показа
-- ru_action: Запустите reload_days за дни, названные в подробностях: он прочитает метки и построит факты заново.
-- action: run the job reload_days for the days the detail names
WITH unread AS
(
    SELECT u.date AS date, u.utm_content AS utm_content
    FROM fact_utm_daily AS u
    LEFT ANTI JOIN dim_utm_tags AS t
        ON u.utm_source = t.utm_source AND u.utm_medium = t.utm_medium
        AND u.utm_campaign = t.utm_campaign AND u.utm_content = t.utm_content
    UNION ALL
    SELECT date, utm_content FROM fact_utm_daily WHERE tag_reason = 'unread'
)
SELECT
    if(count() = 0, 'ok', 'error') AS status,
    toFloat64(count()) AS figure,
    0. AS threshold,
    if(count() = 0, 'every tag was read',
        concat(toString(count()), ' were not, from ', toString(min(date)), ' to ', toString(max(date)))) AS detail
FROM unread
