-- An ad stands once in a day, whatever its networks and tags; a second row would split its figures.
-- asset: fact_marketing_daily
-- severity: error
-- blocking: yes
-- ru: Сводная реклама: показатели объявления разбиты на две строки
-- ru_action: Запустите reload_days за дни, названные в подробностях.
-- action: materialise the platform's fact and fact_marketing_daily for the days the detail names
WITH twice AS
(
    SELECT date
    FROM fact_marketing_daily
    WHERE date > (SELECT max(date) FROM fact_marketing_daily) - 90
    GROUP BY date, source, account, campaign_id, ad_group_id, ad_id
    HAVING count() > 1
)
SELECT
    if(count() = 0, 'ok', 'error') AS status,
    toFloat64(count()) AS figure,
    0. AS threshold,
    if(count() = 0, 'every ad stands once in a day',
        concat(toString(count()), ' ads twice, from ', toString(min(date)), ' to ', toString(max(date)))) AS detail
FROM twice
