-- A movement of money stands in one row of the last 90 days.
-- asset: fact_sales_attributed_daily
-- severity: error
-- blocking: yes
-- ru: Продажи с атрибуцией: деньги посчитаны дважды
-- ru_action: Запустите reload_days за дни, названные в подробностях.
-- action: run the job reload_days for the days the detail names
WITH twice AS
(
    SELECT sale_date
    FROM fact_sales_attributed_daily
    WHERE sale_date > (SELECT max(sale_date) FROM fact_sales_attributed_daily) - 90
    GROUP BY
        sale_date, date, sales_source, event_id, event_name, show_id, city,
        utm_source, utm_medium, utm_campaign, utm_content, campaign_id, ad_group_id, ad_id, source, match_level,
        channel_group, utm_problem, tag_show_date, tag_city, account, campaign_name, ad_group_name
    HAVING count() > 1
)
SELECT
    if(count() = 0, 'ok', 'error') AS status,
    toFloat64(count()) AS figure,
    0. AS threshold,
    if(count() = 0, 'every row stands once',
        concat(toString(count()), ' rows twice, from ', toString(min(sale_date)), ' to ', toString(max(sale_date)))) AS detail
FROM twice
