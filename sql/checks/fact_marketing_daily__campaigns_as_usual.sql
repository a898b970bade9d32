-- No campaign that carried a third of a platform's spend has stopped between two days, and none that does so is new.
-- asset: fact_marketing_daily
-- severity: warn
-- blocking: no
-- ru: Заметная кампания пропала или появилась новая
-- ru_action: Узнайте, сами ли вы её остановили или запустили; если нет, откройте кабинет площадки и загрузите день заново.
-- action: ask whether the campaign was stopped or started on purpose; if not, look at the cabinet and load the day again
-- Stopped: it spent on each of the seven days before. New: it had spent nothing in the four weeks before.
WITH
newest AS
(
    SELECT source, max(date) AS day FROM fact_marketing_daily GROUP BY source
),
campaigns AS
(
    SELECT
        f.source AS source,
        f.campaign_id AS campaign_id,
        max(f.campaign_name) AS name,
        sumIf(toFloat64(f.spend_rub), f.date = n.day) AS now,
        sumIf(toFloat64(f.spend_rub), f.date >= n.day - 7 AND f.date < n.day) AS week,
        uniqExactIf(f.date, f.date >= n.day - 7 AND f.date < n.day AND f.spend_rub > 0) AS days,
        sumIf(toFloat64(f.spend_rub), f.date < n.day) AS before
    FROM fact_marketing_daily AS f
    INNER JOIN newest AS n ON n.source = f.source
    WHERE f.date > n.day - 29
    GROUP BY f.source, f.campaign_id
),
totals AS
(
    SELECT source, sum(now) AS now_all, sum(week) AS week_all, max(days) AS days_all FROM campaigns GROUP BY source
),
judged AS
(
    SELECT
        c.source AS source,
        c.name AS name,
        c.now AS now,
        c.week / 7 AS usual,
        c.now <= 0 AND c.days = 7 AND c.week >= t.week_all / 3 AS is_gone,
        c.before = 0 AND t.days_all = 7 AND c.now > 0 AND c.now >= t.now_all / 3 AS is_new
    FROM campaigns AS c
    INNER JOIN totals AS t ON t.source = c.source
),
found AS
(
    SELECT
        countIf(is_gone OR is_new) AS number,
        arrayStringConcat(arraySlice(groupArrayIf(concat(
            source, ' «', name, '» ', if(is_gone, 'has stopped', 'is new'), ': ', toString(round(now, 2)),
            ' RUB, the week before ', toString(round(usual, 2)), ' a day'), is_gone OR is_new), 1, 5), '; ') AS named
    FROM judged
)
SELECT
    if(number = 0, 'ok', 'warning') AS status,
    toFloat64(number) AS figure,
    0. AS threshold,
    if(number = 0, 'no large campaign has stopped or begun', named) AS detail
FROM found
