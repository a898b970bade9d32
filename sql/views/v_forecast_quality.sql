-- How stored forecasts came true: of the last twenty finished shows at each horizon, how many fell into the interval, how far
-- the forecasts were off, and how far off «no more will be sold» would have been.
-- group: decisions
-- grain: one row per horizon (7, 14, 30 days)
CREATE OR REPLACE VIEW v_forecast_quality
(
    horizon Int64 COMMENT 'За сколько дней до конца продаж сделан прогноз',
    shows Int64 COMMENT 'Последних завершённых показов с таким прогнозом, не больше 20',
    in_interval Int64 COMMENT 'Из них попали в интервал',
    cover_pct Nullable(Float64) COMMENT 'Доля попавших, %; пусто, если показов нет',
    wape_pct Nullable(Float64) COMMENT 'Ошибка прогноза, % от всех билетов',
    naive_wape_pct Nullable(Float64) COMMENT 'Ошибка, если бы больше ничего не продалось, %',
    bias_pct Nullable(Float64) COMMENT 'Смещение прогноза, %: больше нуля — завышает',
    verdict LowCardinality(String) COMMENT 'Вывод: сбываются, интервалы узки, хуже простого правила или мало показов'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS (
WITH
finals AS
(
    SELECT w.show_key AS show_key, any(w.finish_on) AS finish_on, toFloat64(sum(c.paid)) AS final
    FROM forecast_shows AS w
    INNER JOIN forecast_curve AS c ON w.show_key = c.show_key
    WHERE c.day <= w.finish_on AND w.is_cancelled = 0 AND w.finish_on < toDate(now('Europe/Moscow'))
    GROUP BY w.show_key
),
judged AS
(
    SELECT
        f.days_left AS horizon, e.final AS final, f.forecast_tickets AS said, f.tickets_sold AS sold,
        e.final >= f.forecast_tickets_lo AND e.final <= f.forecast_tickets_hi AS is_in,
        row_number() OVER (PARTITION BY f.days_left ORDER BY e.finish_on DESC, f.show_key) AS place
    FROM fact_forecast_daily AS f FINAL
    INNER JOIN finals AS e ON f.show_key = e.show_key
    WHERE f.silence = '' AND f.days_left IN (7, 14, 30)
),
measured AS
(
    SELECT
        h.horizon AS horizon, countIf(ifNull(j.place, 0) > 0) AS shows, countIf(ifNull(j.place, 0) > 0 AND ifNull(j.is_in, 0)) AS in_interval,
        ifNull(sum(j.final), 0) AS whole, ifNull(sum(abs(j.said - j.final)), 0) AS off, ifNull(sum(abs(j.sold - j.final)), 0) AS naive_off,
        ifNull(sum(j.said - j.final), 0) AS drift
    FROM (SELECT toInt64(arrayJoin([7, 14, 30])) AS horizon) AS h
    LEFT JOIN (SELECT * FROM judged WHERE place <= 20) AS j ON h.horizon = j.horizon
    GROUP BY h.horizon
)
SELECT
    m.horizon AS horizon,
    toInt64(m.shows) AS shows,
    toInt64(m.in_interval) AS in_interval,
    if(m.shows > 0, 100 * m.in_interval / m.shows, NULL) AS cover_pct,
    if(m.whole > 0, 100 * m.off / m.whole, NULL) AS wape_pct,
    if(m.whole > 0, 100 * m.naive_off / m.whole, NULL) AS naive_wape_pct,
    if(m.whole > 0, 100 * m.drift / m.whole, NULL) AS bias_pct,
    CAST(multiIf(
        m.shows < 20, 'мало показов',
        m.off > m.naive_off, 'хуже простого правила',
        m.in_interval / m.shows < 0.7, 'интервалы узки',
        'сбываются') AS LowCardinality(String)) AS verdict
FROM measured AS m
)
COMMENT 'Как сбывались прогнозы'
