-- Each row has a rung of the ladder, and the rung keeps its word: an ad has an ad, a campaign a campaign, none nothing.
-- asset: fact_sales_attributed_daily
-- severity: error
-- blocking: no
-- ru: Атрибуция: ступень не соответствует своему смыслу
-- ru_action: Запустите reload_days за названные дни; если повторится, не верьте атрибуции и сообщите разработчику.
-- action: run the job reload_days for the days the detail names; if it stays, correct the build
WITH broken AS
(
    SELECT sale_date, match_level
    FROM fact_sales_attributed_daily
    WHERE NOT multiIf(
        match_level = 'ad', ad_id > 0 AND source != 'не указано',
        match_level IN ('campaign', 'utm'), campaign_id > 0 AND source != 'не указано',
        match_level = 'show', campaign_id = 0 AND tag_show_date IS NOT NULL AND tag_city != '',
        match_level = 'city', campaign_id = 0 AND tag_city != '',
        match_level = 'source', campaign_id = 0 AND channel_group NOT IN ('без меток', 'канал не определён'),
        match_level = 'none', campaign_id = 0 AND channel_group IN ('без меток', 'канал не определён'),
        0)
)
SELECT
    if(count() = 0, 'ok', 'error') AS status,
    toFloat64(count()) AS figure,
    0. AS threshold,
    if(count() = 0, 'every rung keeps its word',
        concat(toString(count()), ' rows do not, rung ', any(match_level), ' among them, from ', toString(min(sale_date)),
            ' to ', toString(max(sale_date)))) AS detail
FROM broken
