-- What to do with the advertising of each show that still sells, as of the data day `last`: goal, costs, status, advice.
-- Spend that names no show, or several, has a row of its own and is shared out to nobody; so has that of shows that are over.
-- target: fact_decisions_daily
-- grain: one row per (event_id, city, show_date), upcoming or running, and one per kind of spend without such a show
-- identity: sum(spend_7d_rub) and sum(spend_total_rub) = those of fact_marketing_daily up to the data day
WITH
chosen AS
(
    SELECT
        maxIf(s.value, s.key = 'organiser_share_pct') AS share_pct,
        maxIf(s.value, s.key = 'target_sell_through_pct') AS target_pct,
        maxIf(s.value, s.key = 'marginal_factor') AS marginal_factor,
        maxIf(s.value, s.key = 'step_max_pct') AS step_pct,
        maxIf(s.value, s.key = 'min_spend_rub') AS min_spend,
        maxIf(s.value, s.key = 'test_budget_rub') AS test_budget,
        maxIf(s.value, s.key = 'weak_attribution_warn_pct') AS weak_pct,
        maxIf(s.value, s.key = 'month_budget_rub') AS month_budget,
        maxIf(s.value, s.key = 'forecast_min_comparables') AS least_comparables
    FROM dim_settings AS s FINAL
),
today AS
(
    SELECT {last:Date} AS y
),
known AS
(
    SELECT
        k.* EXCEPT (forecast, low, high, _loaded_at, _ver, _run_id),
        k.forecast AS f_all, k.low AS f_lo, k.high AS f_hi, k.places_paid * c.target_pct / 100 AS hall_goal,
        c.share_pct AS share_pct, c.marginal_factor AS marginal_factor, c.step_pct AS step_pct, c.min_spend AS min_spend,
        c.test_budget AS test_budget, c.weak_pct AS weak_pct, c.month_budget AS month_budget, c.least_comparables AS least_comparables
    FROM decision_shows AS k
    CROSS JOIN chosen AS c
),
-- Costs of a ticket with Byar's interval of their count.
priced AS
(
    SELECT
        k.*,
        k.is_cancelled OR k.is_moved OR k.silence != '' AS is_silent,
        if(is_silent, NULL, k.f_all) AS forecast, if(is_silent, NULL, k.f_lo) AS low, if(is_silent, NULL, k.f_hi) AS high,
        if(k.plan_goal IS NULL, k.hall_goal, if(k.hall_goal IS NULL, k.plan_goal, least(k.plan_goal, k.hall_goal))) AS goal,
        toFloat64(k.attributed_7d) AS hits,
        if(hits > 0 AND k.spend_7d > 0, k.spend_7d / hits, NULL) AS cpt,
        if(hits > 0 AND k.spend_7d > 0,
            k.spend_7d / ((hits + 1) * pow(1 - 1 / (9 * (hits + 1)) + 1.2816 / (3 * sqrt(hits + 1)), 3)), NULL) AS cpt_lo,
        if(hits > 0 AND k.spend_7d > 0, k.spend_7d / (hits * pow(1 - 1 / (9 * hits) - 1.2816 / (3 * sqrt(hits)), 3)), NULL) AS cpt_hi,
        cpt * k.marginal_factor AS next_ticket, cpt_lo * k.marginal_factor AS next_lo, cpt_hi * k.marginal_factor AS next_hi,
        k.price * k.share_pct / 100 AS breakeven,
        k.spend_7d / 7 AS daily,
        k.step_pct / 100 * daily AS most_step
    FROM known AS k
),
judged AS
(
    SELECT
        p.*,
        if(p.goal IS NULL OR p.forecast IS NULL, NULL, greatest(0., assumeNotNull(p.goal) - assumeNotNull(p.forecast))) AS gap,
        multiIf(
            p.is_cancelled OR p.is_moved, 9,
            ifNull(p.places_left <= greatest(2, p.places / 100), 0), 8,
            p.forecast IS NULL, 7,
            p.goal IS NULL, 0,
            ifNull(p.sold + (p.low - p.sold) * (1 - p.attributed_share) >= p.goal, 0), 6,
            ifNull(p.low >= p.goal, 0), 5,
            ifNull(p.spend_7d >= p.min_spend AND p.next_lo > p.breakeven, 0), 4,
            ifNull(p.days_left <= 14 AND p.high + p.most_step * p.days_left / p.next_lo < p.goal, 0), 3,
            ifNull(p.forecast < p.goal AND p.next_ticket <= p.breakeven, 0), 2,
            1) AS code,
        toFloat64(multiIf(
            code = 8, -p.daily,
            code IN (6, 4), -p.most_step,
            code = 2, least(p.most_step, ifNull(gap / p.days_left * p.next_ticket, p.most_step)),
            code = 1 AND p.spend_7d = 0 AND ifNull(p.forecast < p.goal, 0), p.test_budget,
            0.)) AS wanted,
        ifNull(p.weak_share_pct > p.weak_pct, 0) AS is_weak,
        if(is_weak AND wanted > 0, 0., wanted) AS step
    FROM priced AS p
),
-- Rises are paid by cuts and by what the month's budget leaves a day.
spending AS
(
    SELECT
        toFloat64(sumIf(m.spend_rub, m.date >= toStartOfMonth(t.y + 1))) AS this_month,
        toFloat64(sumIf(m.spend_rub, m.date > t.y - 7)) / 7 AS daily
    FROM fact_marketing_daily AS m
    CROSS JOIN today AS t
    WHERE m.date <= t.y AND m.date >= least(toStartOfMonth(t.y + 1), t.y - 6)
),
advised AS
(
    SELECT
        j.*,
        sum(greatest(j.step, 0.)) OVER () AS rises,
        sum(greatest(-j.step, 0.)) OVER () AS cuts,
        greatest(0., (j.month_budget - m.this_month) / greatest(1, dateDiff('day', j.data_day, toLastDayOfMonth(j.data_day + 1))) - m.daily) AS spare,
        if(j.month_budget <= 0 OR rises <= 0, 1., least(1., (cuts + spare) / rises)) AS factor,
        round(if(j.step > 0, j.step * factor, j.step) / 100) * 100 AS advice,
        multiIf(
            j.is_cancelled, 'отменён', j.is_moved, 'перенесён',
            ['без цели', 'на грани', 'нужна реклама', 'цель недостижима', 'реклама не окупается', 'идёт к цели',
             'продастся сам', 'мало данных', 'распродан'][j.code + 1]) AS status,
        multiIf(
            j.silence = 'none', 'платных билетов ещё нет',
            j.silence = 'comparables', concat('похожих ', toString(j.comparables), ' из ', toString(toUInt32(j.least_comparables))),
            j.silence = 'days', 'в продаже меньше трёх дней',
            j.silence = 'sold', 'продано меньше десяти платных билетов',
            j.silence = 'width', 'интервал шире прогноза',
            j.silence = 'naive', 'прошлые прогнозы на такой срок ошибались больше, чем «больше не продастся»',
            '') AS silence_text,
        multiIf(
            j.is_cancelled, 'показ отменён: рекламу остановить',
            j.is_moved, 'дата перенесена меньше недели назад: прогноз ждёт',
            j.code = 8, if(j.spend_7d > 0, 'мест не осталось, а реклама идёт', 'мест не осталось'),
            j.code = 7, silence_text,
            j.code = 0, 'нет ни плана, ни вместимости: сравнить не с чем',
            j.code = 6, 'цель достигается и без билетов, отнесённых к рекламе',
            j.code = 5, 'нижняя граница прогноза не ниже цели',
            j.code = 4, 'даже нижняя граница цены следующего билета выше порога',
            j.code = 3, 'и при наибольшем шаге цель не достигается: пересмотреть план, цену, число показов',
            j.code = 2, 'прогноз ниже цели, следующий билет дешевле порога',
            j.next_ticket IS NULL, if(j.spend_7d > 0, 'нет билетов, отнесённых к рекламе: цена билета неизвестна', 'рекламы не было: цена билета неизвестна'),
            ifNull(j.forecast < j.goal AND j.next_ticket > j.breakeven, 0), 'окупаемость неясна',
            'цель внутри интервала прогноза') AS why
    FROM judged AS j
    CROSS JOIN spending AS m
),
others AS
(
    SELECT
        if(m.show_key = '', 'Расход без показа', 'Расход прошедших показов') AS event_name,
        sum(m.spend_7d) AS spend_7d, sum(m.spend_total) AS spend_total
    FROM decision_spend AS m
    WHERE m.show_key = '' OR m.show_key NOT IN (SELECT s.show_key FROM decision_shows AS s)
    GROUP BY event_name
),
listed AS
(
    SELECT
        a.data_day AS data_day, toNullable(a.show_date) AS show_date, a.city AS city, a.event_id AS event_id, a.event_name AS event_name,
        toNullable(a.days_left) AS days_left, a.days_on_sale AS days_on_sale,
        toNullable(a.sold) AS tickets_paid, toNullable(toInt64(a.free)) AS tickets_free, a.places_left AS seats_left,
        if(a.places > 0, (a.places - a.places_left) / a.places * 100, NULL) AS fill_pct,
        a.forecast AS forecast, a.low AS low, a.high AS high, a.net_rub AS net_rub, a.sold AS sold, a.price AS price,
        if(a.comparables > 0 OR a.silence = 'comparables', toNullable(a.comparables), NULL) AS comparables,
        a.ago AS ago, a.ago_lo AS ago_lo, a.ago_hi AS ago_hi, a.goal AS goal,
        multiIf(a.goal IS NULL, 'без цели', ifNull(a.goal = a.plan_goal, 0), 'план', 'заполнение') AS goal_source,
        a.gap AS gap, a.spend_7d AS spend_7d, a.spend_total AS spend_total, toNullable(toInt64(a.attributed_7d)) AS attributed_7d,
        a.cpt AS cpt, a.cpt_lo AS cpt_lo, a.cpt_hi AS cpt_hi,
        if(a.attributed_before > 0, (a.spend_total - a.spend_7d) / a.attributed_before, NULL) AS cpt_before,
        a.next_ticket AS next_ticket, a.next_lo AS next_lo, a.next_hi AS next_hi, a.breakeven AS breakeven, a.weak_share_pct AS weak_share_pct,
        a.status AS status, toUInt8(a.code) AS code,
        if(a.code IN (7, 0) OR a.is_moved, NULL, if(a.is_cancelled, -round(a.daily / 100) * 100, a.advice)) AS advice,
        concat(a.why, if(a.step > 0 AND a.factor < 1, '; прибавка уменьшена по бюджету месяца', ''),
            if(a.is_weak AND a.wanted > 0, '; привязка слабая, поэтому без прибавки', '')) AS reason,
        arrayStringConcat(arrayFilter(x -> x != '', [
            if(a.places_left IS NULL, 'без вместимости', ''),
            if(a.code = 2 AND ifNull(a.next_hi > a.breakeven, 0), 'окупаемость не доказана', ''),
            if(a.is_weak, 'привязка слабая', ''),
            if(a.is_plan_of_stop, 'план на всю остановку', '')]), '; ') AS marks,
        if(a.forecast IS NULL, if(a.silence != '', a.silence, if(a.is_cancelled, 'cancelled', 'moved')), '') AS silence
    FROM advised AS a
    UNION ALL
    SELECT
        t.y AS data_day, NULL AS show_date, 'не указано' AS city, toUInt64(0) AS event_id, o.event_name AS event_name,
        NULL AS days_left, NULL AS days_on_sale, NULL AS tickets_paid, NULL AS tickets_free, NULL AS seats_left, NULL AS fill_pct,
        NULL AS forecast, NULL AS low, NULL AS high, 0. AS net_rub, toInt64(0) AS sold, NULL AS price, NULL AS comparables,
        NULL AS ago, NULL AS ago_lo, NULL AS ago_hi, NULL AS goal, 'без цели' AS goal_source, NULL AS gap,
        o.spend_7d AS spend_7d, o.spend_total AS spend_total, NULL AS attributed_7d, NULL AS cpt, NULL AS cpt_lo, NULL AS cpt_hi,
        NULL AS cpt_before, NULL AS next_ticket, NULL AS next_lo, NULL AS next_hi, NULL AS breakeven, NULL AS weak_share_pct,
        'без показа' AS status, toUInt8(0) AS code, NULL AS advice,
        if(o.event_name = 'Расход без показа', 'метки не называют один показ: исправьте их на странице «Качество данных»',
            'показы уже прошли') AS reason,
        '' AS marks, 'no show' AS silence
    FROM others AS o
    CROSS JOIN today AS t
)
SELECT
    r.data_day AS data_day,
    toInt64(row_number() OVER (ORDER BY r.event_id = 0, abs(ifNull(r.advice, 0)) DESC, ifNull(r.days_left, 9999), r.city, r.show_date)) AS place,
    toInt64(r.event_id > 0) AS shows,
    r.show_date AS show_date,
    CAST(r.city AS LowCardinality(String)) AS city,
    if(ifNull(c.city_name, '') = '', CAST(r.city AS String), ifNull(c.city_name, '')) AS city_name,
    r.event_id AS event_id,
    r.event_name AS event_name,
    r.days_left AS days_left,
    r.days_on_sale AS days_on_sale,
    r.tickets_paid AS tickets_paid,
    r.tickets_free AS tickets_free,
    r.seats_left AS seats_left,
    r.fill_pct AS fill_pct,
    r.forecast AS forecast_tickets,
    r.low AS forecast_tickets_lo,
    r.high AS forecast_tickets_hi,
    if(r.forecast IS NULL, '', concat(toString(toInt64(floor(ifNull(r.forecast, 0)))), ' (', toString(toInt64(ifNull(r.low, 0))), '–',
        toString(toInt64(ifNull(r.high, 0))), ')')) AS forecast_text,
    if(r.ago IS NULL, '', concat(toString(toInt64(floor(ifNull(r.ago, 0)))), ' (', toString(toInt64(ifNull(r.ago_lo, 0))), '–',
        toString(toInt64(ifNull(r.ago_hi, 0))), ')')) AS forecast_7d_ago_text,
    r.net_rub + (r.forecast - r.sold) * r.price AS forecast_revenue_rub,
    r.net_rub + (r.low - r.sold) * r.price AS forecast_revenue_lo_rub,
    r.net_rub + (r.high - r.sold) * r.price AS forecast_revenue_hi_rub,
    r.comparables AS comparables,
    r.ago AS forecast_7d_ago,
    r.ago_lo AS forecast_7d_ago_lo,
    r.ago_hi AS forecast_7d_ago_hi,
    r.goal AS goal_tickets,
    CAST(r.goal_source AS LowCardinality(String)) AS goal_source,
    r.gap AS gap_tickets,
    r.spend_7d AS spend_7d_rub,
    r.spend_total AS spend_total_rub,
    r.attributed_7d AS tickets_attributed_7d,
    r.cpt AS cpt_7d_rub,
    r.cpt_lo AS cpt_7d_lo_rub,
    r.cpt_hi AS cpt_7d_hi_rub,
    if(r.cpt IS NULL, '', concat(toString(toInt64(round(ifNull(r.cpt, 0)))), ' ₽ (', toString(toInt64(round(ifNull(r.cpt_lo, 0)))), '–',
        toString(toInt64(round(ifNull(r.cpt_hi, 0)))), ')')) AS cpt_text,
    r.cpt_before AS cpt_before_rub,
    r.next_ticket AS next_ticket_rub,
    r.next_lo AS next_ticket_lo_rub,
    r.next_hi AS next_ticket_hi_rub,
    r.breakeven AS breakeven_cpt_rub,
    r.weak_share_pct AS weak_share_pct,
    CAST(r.status AS LowCardinality(String)) AS status,
    r.code AS status_code,
    r.advice AS advice_rub_per_day,
    r.reason AS reason,
    r.marks AS marks,
    CAST(r.silence AS LowCardinality(String)) AS silence
FROM listed AS r
LEFT ANY JOIN (SELECT city, city_name FROM dim_cities FINAL) AS c ON r.city = c.city
