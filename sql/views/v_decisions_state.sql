-- Whether forecasts and advice are shown, and if not, why and what switches them on: the head of the page «Решения».
-- group: decisions
-- grain: one row
CREATE OR REPLACE VIEW v_decisions_state
(
    data_day Nullable(Date) COMMENT 'День данных решений; пусто, если прогнозов ещё не было',
    shows Int64 COMMENT 'Показов, по которым есть решения за день данных',
    state LowCardinality(String) COMMENT 'off, none, stale, narrow или on',
    state_text String COMMENT 'Показываются ли прогнозы и советы, и почему',
    next_step String COMMENT 'Что сделать'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS (
WITH
chosen AS
(
    SELECT maxIf(s.value, s.key = 'decisions_enabled') AS enabled, maxIf(s.value, s.key = 'fresh_warn_days') AS warn_days
    FROM dim_settings AS s FINAL
),
newest AS
(
    SELECT count() AS decisions, max(d.data_day) AS day, dateDiff('day', day, toDate(now('Europe/Moscow'))) AS behind
    FROM fact_decisions_daily AS d
),
decided AS
(
    SELECT toInt64(countIf(d.shows = 1)) AS shows
    FROM fact_decisions_daily AS d FINAL
    WHERE d.data_day = (SELECT max(e.data_day) FROM fact_decisions_daily AS e)
),
judged AS
(
    SELECT countIf(q.verdict = 'интервалы узки') AS narrow FROM v_forecast_quality AS q
),
found AS
(
    SELECT
        if(n.decisions = 0, NULL, n.day) AS data_day,
        w.shows AS shows,
        multiIf(c.enabled = 0, 'off', n.decisions = 0, 'none', n.behind > c.warn_days, 'stale', j.narrow > 0, 'narrow', 'on') AS state
    FROM newest AS n
    CROSS JOIN chosen AS c
    CROSS JOIN judged AS j
    CROSS JOIN decided AS w
)
SELECT
    f.data_day AS data_day,
    f.shows AS shows,
    CAST(f.state AS LowCardinality(String)) AS state,
    multiIf(
        f.state = 'off', 'Прогнозы и советы выключены: ещё не проверено, как они сбылись бы на вашей истории продаж',
        f.state = 'none', 'Прогнозов ещё нет: они делаются раз в день, когда продажи и расход вчерашнего дня известны полностью',
        f.state = 'stale', 'Данные устарели: прогнозы и советы скрыты',
        f.state = 'narrow', 'Интервалы узки: прошлые показы попадали в них реже, чем в 7 случаях из 10',
        'Прогнозы и советы включены') AS state_text,
    multiIf(
        f.state = 'off', 'Запустите zakaz backtest --world warehouse; если все требования выполнены, поставьте decisions_enabled = 1 в sql/seeds/settings.csv',
        f.state = 'none', 'Подождите следующего дня; чего ждут прогнозы, говорит сенсор forecast_when_complete',
        f.state = 'stale', 'Посмотрите свежесть источников на странице «Качество данных»',
        f.state = 'narrow', 'Рассчитывайте на больший разброс; см. «Как сбывались прогнозы» внизу страницы',
        '') AS next_step
FROM found AS f
)
COMMENT 'Решения: включены ли прогнозы';
