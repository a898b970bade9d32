-- Every forecast that is shown lies within its interval, names its comparable shows, and fits into the hall.
-- asset: v_decisions
-- severity: error
-- blocking: no
-- ru: Решения: прогноз без интервала или вне его
-- ru_action: Не следуйте советам, пока не станет зелёной; поставьте decisions_enabled = 0 в sql/seeds/settings.csv.
-- action: set decisions_enabled to 0 in sql/seeds/settings.csv and compare sql/builds/forecast.sql with docs/metrics.md
WITH broken AS
(
    SELECT city, show_date
    FROM v_decisions
    WHERE NOT ifNull(if(
        forecast_tickets IS NULL,
        forecast_tickets_lo IS NULL AND forecast_tickets_hi IS NULL AND gap_tickets IS NULL AND silence != '',
        forecast_tickets_lo <= forecast_tickets AND forecast_tickets <= forecast_tickets_hi
            AND comparables >= 1 AND forecast_tickets >= tickets_paid AND silence = ''), 0)
)
SELECT
    if(count() = 0, 'ok', 'error') AS status,
    toFloat64(count()) AS figure,
    0. AS threshold,
    if(count() = 0, 'every forecast has its interval',
        concat(toString(count()), ' shows have none, ', any(city), ' ', toString(any(show_date)), ' among them')) AS detail
FROM broken
