-- Every row of an ad or a group with spend belongs to a campaign that Direct has told us about. Rows without either are
-- of «Мастер кампаний», whose campaigns stand in reports and in no list.
-- asset: fact_direct_daily
-- severity: error
-- blocking: no
-- ru: Яндекс.Директ: расход у неизвестной кампании
-- ru_action: Запустите yandex_direct_daily: он заново читает список кампаний; если останется, проверьте логины в DIRECT_LOGINS.
-- action: load the dimensions of Yandex Direct, then look for the campaigns the detail names in the cabinet
WITH unknown AS
(
    SELECT date, campaign_id, cost_rub
    FROM fact_direct_daily FINAL
    WHERE cost_rub != 0 AND (ad_id != 0 OR ad_group_id != 0)
      AND (account, campaign_id) NOT IN (SELECT account, campaign_id FROM dim_direct_campaigns)
      AND _run_id NOT LIKE 'import %'
)
SELECT
    if(count() = 0, 'ok', 'error') AS status,
    toFloat64(count()) AS figure,
    0. AS threshold,
    if(count() = 0, 'every spending campaign is known',
       concat(toString(count()), ' rows with ', toString(sum(cost_rub)), ' RUB, campaign ', toString(any(campaign_id)), ' among them, from ', toString(min(date)), ' to ', toString(max(date)))) AS detail
FROM unknown
