-- An ad stands once per network in a day; a second row would count its spend twice.
-- asset: fact_direct_daily
-- severity: error
-- blocking: yes
-- ru: Яндекс.Директ: дубли, расход посчитан дважды
-- ru_action: Запустите reload_days за дни, названные в подробностях.
-- action: run the job reload_days for the days the detail names
WITH twice AS
(
    SELECT date, campaign_id, ad_id
    FROM fact_direct_daily
    GROUP BY date, account, campaign_id, ad_group_id, ad_id, network
    HAVING count() > 1
)
SELECT
    if(count() = 0, 'ok', 'error') AS status,
    toFloat64(count()) AS figure,
    0. AS threshold,
    if(count() = 0, 'every ad stands once in a day',
       concat(toString(count()), ' of them twice, from ', toString(min(date)), ' to ', toString(max(date)))) AS detail
FROM twice
