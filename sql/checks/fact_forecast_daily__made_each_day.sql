-- Forecasts are made every day: without yesterday's, the page advises by older data or not at all.
-- asset: fact_forecast_daily
-- severity: warn
-- blocking: no
-- ru: Прогнозы не обновились
-- ru_action: Найдите в Dagster, чего ждёт сенсор forecast_when_complete: обычно не загружен вчерашний день одного из источников.
-- action: see in Dagster what the sensor forecast_when_complete waits for; most often a source's yesterday is not loaded
WITH newest AS
(
    SELECT max(as_of) AS day, dateDiff('day', day, toDate(now('Europe/Moscow'))) AS behind FROM fact_forecast_daily
)
SELECT
    if(day = toDate(0) OR behind <= 2, 'ok', 'warning') AS status,
    toFloat64(if(day = toDate(0), 0, behind)) AS figure,
    2. AS threshold,
    if(day = toDate(0), 'no forecast was made yet', concat('the newest are of ', toString(day))) AS detail
FROM newest
