-- The settings that reports need, as one row; a missing one is an error, never a silent zero.
-- grain: one row
CREATE OR REPLACE VIEW v_settings
(
    roas_green_above Float64 COMMENT 'Светофор: зелёный, если ROAS больше',
    roas_yellow_from Float64 COMMENT 'Светофор: жёлтый, если ROAS не меньше; ниже — красный',
    organiser_share_pct Float64 COMMENT 'Доля организатора в выручке, %',
    fresh_warn_days Float64 COMMENT 'Данные старше стольких дней — предупреждение',
    fresh_error_days Float64 COMMENT 'Данные старше стольких дней — ошибка'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS
WITH found AS
(
    SELECT
        groupArray(s.key) AS names,
        groupArray(s.value) AS settings
    FROM dim_settings AS s FINAL
)
SELECT
    if(throwIf(indexOf(names, 'roas_green_above') = 0, 'dim_settings lacks roas_green_above') = 1, 0,
        settings[indexOf(names, 'roas_green_above')]) AS roas_green_above,
    if(throwIf(indexOf(names, 'roas_yellow_from') = 0, 'dim_settings lacks roas_yellow_from') = 1, 0,
        settings[indexOf(names, 'roas_yellow_from')]) AS roas_yellow_from,
    if(throwIf(indexOf(names, 'organiser_share_pct') = 0, 'dim_settings lacks organiser_share_pct') = 1, 0,
        settings[indexOf(names, 'organiser_share_pct')]) AS organiser_share_pct,
    if(throwIf(indexOf(names, 'fresh_warn_days') = 0, 'dim_settings lacks fresh_warn_days') = 1, 0,
        settings[indexOf(names, 'fresh_warn_days')]) AS fresh_warn_days,
    if(throwIf(indexOf(names, 'fresh_error_days') = 0, 'dim_settings lacks fresh_error_days') = 1, 0,
        settings[indexOf(names, 'fresh_error_days')]) AS fresh_error_days
FROM found
COMMENT 'Настройки отчётов одной строкой'
