-- Every setting that a report needs is there and makes sense.
-- asset: dim_settings
-- severity: error
-- blocking: yes
-- ru: Настройки отчётов неполны или невозможны
-- ru_action: Исправьте sql/seeds/settings.csv и выполните `zakaz schema apply`.
-- action: restore the keys the detail names in sql/seeds/settings.csv and run `zakaz schema apply`
WITH
needed AS
(
    SELECT arrayJoin([
        'roas_green_above', 'roas_yellow_from', 'organiser_share_pct', 'attribution_window_days', 'tag_grace_days',
        'vat_vk_ads_pct', 'vat_yandex_direct_pct', 'fresh_warn_days', 'fresh_error_days', 'unmapped_warn_pct',
        'forecast_min_comparables', 'forecast_width_max_pct', 'rate_weight', 'decisions_enabled', 'target_sell_through_pct',
        'marginal_factor', 'step_max_pct', 'min_spend_rub', 'test_budget_rub', 'weak_attribution_warn_pct', 'month_budget_rub']) AS name
),
faults AS
(
    SELECT concat(name, ' is missing') AS fault FROM needed WHERE name NOT IN (SELECT CAST(key AS String) FROM dim_settings FINAL)
    UNION ALL
    SELECT concat(key, ' is ', toString(value)) AS fault FROM dim_settings FINAL WHERE value < 0
    UNION ALL
    SELECT 'roas_yellow_from is above roas_green_above' AS fault
    FROM dim_settings FINAL
    HAVING maxIf(value, key = 'roas_yellow_from') > maxIf(value, key = 'roas_green_above')
        AND countIf(key = 'roas_green_above') > 0
)
SELECT
    if(count() = 0, 'ok', 'error') AS status,
    toFloat64(count()) AS figure,
    0. AS threshold,
    if(count() = 0, 'all settings are there', arrayStringConcat(arraySort(groupArray(fault)), '; ')) AS detail
FROM faults
