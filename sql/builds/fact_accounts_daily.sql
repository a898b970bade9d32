-- Spend of every account by day.
-- grain: one row per (date, source, account)
SELECT m.date AS date, m.source AS source, m.account AS account, sum(m.spend_rub) AS spend_rub
FROM fact_marketing_daily AS m
GROUP BY m.date, m.source, m.account
