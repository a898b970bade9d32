-- An ad stands once in a day; a second row would count its spend twice.
-- asset: fact_vk_ads_daily
-- severity: error
-- blocking: yes
-- ru: VK Реклама: дубли, расход посчитан дважды
-- ru_action: Запустите reload_days за дни, названные в подробностях.
-- action: run the job reload_days for the days the detail names
WITH twice AS
(
    SELECT date, ad_id
    FROM fact_vk_ads_daily FINAL
    GROUP BY date, account, ad_id, if(ad_id = 0, ad_group_id, 0)
    HAVING count() > 1
)
SELECT
    if(count() = 0, 'ok', 'error') AS status,
    toFloat64(count()) AS figure,
    0. AS threshold,
    if(count() = 0, 'every ad and every remainder stands once in a day',
       concat(toString(count()), ' of them twice, from ', toString(min(date)), ' to ', toString(max(date)))) AS detail
FROM twice
