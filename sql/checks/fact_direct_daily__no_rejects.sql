-- Every row and every login of Direct's reports was read: what was put aside is money that is missing, however old its day.
-- asset: fact_direct_daily
-- severity: error
-- blocking: no
-- ru: Яндекс.Директ: часть расхода отложена и не посчитана
-- ru_action: Прочитайте причины в stg_rejects источника yandex_direct, исправьте их и запустите reload_days за названные дни; дни, которых у площадки уже нет, загрузите ещё раз из исправленного файла.
-- action: read the reasons in stg_rejects of yandex_direct and correct them, then run the job reload_days for the days the detail names; import days that Direct no longer keeps from a corrected file
WITH days AS
(
    SELECT day, rejected
    FROM meta_day_loads FINAL
    WHERE source = 'yandex_direct' AND rejected > 0
)
SELECT
    if(count() = 0, 'ok', 'error') AS status,
    toFloat64(count()) AS figure,
    0. AS threshold,
    if(count() = 0, 'nothing was put aside on any loaded day',
       concat(toString(sum(rejected)), ' records of ', toString(count()), ' days were put aside, from ', toString(min(day)), ' to ', toString(max(day)))) AS detail
FROM days
