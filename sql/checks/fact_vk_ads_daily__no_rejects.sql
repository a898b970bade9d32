-- VK gave statistics of every ad it lists; the money of a refused ad stands in its group's remainder.
-- asset: fact_vk_ads_daily
-- severity: warn
-- blocking: no
-- ru: VK Реклама: площадка не отдала часть объявлений
-- ru_action: Посмотрите stg_rejects источника vk_ads и спросите поддержку VK об этих номерах.
-- action: see stg_rejects of vk_ads; ask VK support about these ids
WITH refused AS
(
    SELECT place, min(day) AS first_day, max(day) AS last_day
    FROM stg_rejects FINAL
    WHERE source = 'vk_ads' AND day > (SELECT max(date) FROM fact_vk_ads_daily) - 30
    GROUP BY place
)
SELECT
    if(count() = 0, 'ok', 'warning') AS status,
    toFloat64(count()) AS figure,
    0. AS threshold,
    if(count() = 0, 'no object was refused in 30 days',
       concat(toString(count()), ' refused: ', arrayStringConcat(arraySlice(arraySort(groupArray(place)), 1, 10), ', '), ', from ', toString(min(first_day)), ' to ', toString(max(last_day)))) AS detail
FROM refused
