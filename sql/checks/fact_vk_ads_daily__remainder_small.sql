-- Ads do not claim more than their groups: the negative remainder of 30 days stays below 1 % of spend.
-- asset: fact_vk_ads_daily
-- severity: warn
-- blocking: no
-- ru: VK Реклама: объявления тратят больше своих групп
-- ru_action: Загрузите последние 30 дней заново; если останется, сверьте с кабинетом VK.
-- action: materialise the last 7 days again; if it stays, VK corrects groups and ads apart: trust the group, not its split
WITH month AS
(
    SELECT
        sum(spent_rub) AS spent,
        sumIf(-spent_rub, is_remainder = 1 AND spent_rub < 0) AS beyond,
        sumIf(spent_rub, is_remainder = 1 AND spent_rub > 0) AS unexplained
    FROM fact_vk_ads_daily FINAL
    WHERE date > (SELECT max(date) FROM fact_vk_ads_daily) - 30
)
SELECT
    if(beyond <= spent * 0.01, 'ok', 'warning') AS status,
    if(spent > 0, toFloat64(beyond) / toFloat64(spent) * 100, 0.) AS figure,
    1. AS threshold,
    concat('ads claim ', toString(beyond), ' RUB beyond their groups, leave ', toString(unexplained), ' RUB of them unexplained, of ', toString(spent), ' RUB') AS detail
FROM month
