-- v_budget_pacing from the facts alone, without what is added up for it.
WITH
spent AS
(
    SELECT date, CAST(source AS String) AS source, CAST(account AS String) AS account, sum(spend_rub) AS rub
    FROM fact_marketing_daily
    GROUP BY date, source, account
),
-- The ledger knows of days that cost nothing, the fact of days that somebody loaded by hand.
known AS
(
    SELECT source, max(through) AS through
    FROM
    (
        SELECT CAST(source AS String) AS source, max(day) AS through FROM meta_day_loads FINAL GROUP BY source
        UNION ALL
        SELECT source, max(date) AS through FROM spent GROUP BY source
    )
    GROUP BY source
),
recent AS
(
    SELECT
        s.source AS source, s.account AS account, max(k.through) AS through,
        least(7, toInt32(through - min(s.date)) + 1) AS days,
        toFloat64(sumIf(s.rub, s.date > k.through - 7)) / days AS mean,
        sumIf(toFloat64(s.rub) * toFloat64(s.rub), s.date > k.through - 7) AS squares
    FROM spent AS s
    INNER JOIN known AS k ON s.source = k.source
    GROUP BY s.source, s.account
),
months AS
(
    SELECT
        month, source, account, sum(rub) AS spend, sumOrNull(planned) AS budget
    FROM
    (
        SELECT
            toStartOfMonth(date) AS month, source, account, rub, CAST(NULL AS Nullable(Decimal(18, 2))) AS planned
        FROM spent
        UNION ALL
        SELECT month, CAST(source AS String), account, toDecimal64(0, 2), toNullable(budget_rub) FROM plan_budgets FINAL
    )
    GROUP BY month, source, account
),
placed AS
(
    SELECT
        m.month AS month, m.source AS source, m.account AS account,
        toFloat64(m.spend) AS spend, CAST(m.budget AS Nullable(Float64)) AS budget,
        toDayOfMonth(toLastDayOfMonth(m.month)) AS days_in_month,
        nullIf(ifNull(k.through, toDate(0)), toDate(0)) AS through,
        toUInt8(greatest(0, least(days_in_month, toInt32(ifNull(through, toDate(0))) - toInt32(m.month) + 1))) AS days_known,
        days_in_month - days_known AS days_left,
        days_known > 0 AND days_left > 0 AS is_running,
        if(is_running, ifNull(r.mean, 0), NULL) AS mean,
        if(is_running AND ifNull(r.days, 0) > 1,
            sqrt(greatest(0, ifNull(r.squares, 0) - r.days * r.mean * r.mean) / (r.days - 1)) * 1.2816
            * sqrt(days_left + days_left * days_left / r.days), 0) AS error
    FROM months AS m
    LEFT ANY JOIN known AS k ON m.source = k.source
    LEFT ANY JOIN recent AS r ON m.source = r.source AND m.account = r.account
)
SELECT
    p.month AS month,
    CAST(p.source AS LowCardinality(String)) AS source,
    p.account AS account,
    p.budget AS budget_rub,
    p.spend AS spend_rub,
    if(p.budget > 0, p.spend / p.budget * 100, NULL) AS spent_pct,
    p.days_in_month AS days_in_month,
    p.days_known AS days_known,
    p.budget * p.days_known / p.days_in_month AS even_pace_rub,
    p.spend - p.budget * p.days_known / p.days_in_month AS ahead_rub,
    p.mean AS daily_7d_rub,
    if(p.days_known > 0, p.spend + ifNull(p.mean, 0) * p.days_left, NULL) AS forecast_rub,
    if(p.days_known > 0, greatest(least(p.spend, p.spend + ifNull(p.mean, 0) * p.days_left), p.spend + ifNull(p.mean, 0) * p.days_left - p.error), NULL) AS forecast_lo_rub,
    if(p.days_known > 0, p.spend + ifNull(p.mean, 0) * p.days_left + p.error, NULL) AS forecast_hi_rub,
    if(p.days_known > 0, p.budget - (p.spend + ifNull(p.mean, 0) * p.days_left), NULL) AS forecast_left_rub,
    p.through AS data_through
FROM placed AS p
