-- A UTM has one meaning on a day.
-- asset: fact_utm_daily
-- severity: error
-- blocking: yes
-- ru: У одной UTM-метки два смысла в один день
-- ru_action: Запустите reload_days за дни, названные в подробностях.
-- action: run the job reload_days for the days the detail names
WITH twice AS
(
    SELECT date
    FROM fact_utm_daily
    WHERE date > (SELECT max(date) FROM fact_utm_daily) - 90
    GROUP BY date, utm_source, utm_medium, utm_campaign, utm_content, utm_term
    HAVING count() > 1
)
SELECT
    if(count() = 0, 'ok', 'error') AS status,
    toFloat64(count()) AS figure,
    0. AS threshold,
    if(count() = 0, 'every UTM stands once in a day',
        concat(toString(count()), ' twice, from ', toString(min(date)), ' to ', toString(max(date)))) AS detail
FROM twice
