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
AS (
WITH found AS
(
    SELECT
        maxIf(s.value, s.key = 'roas_green_above') AS roas_green_above,
        maxIf(s.value, s.key = 'roas_yellow_from') AS roas_yellow_from,
        maxIf(s.value, s.key = 'organiser_share_pct') AS organiser_share_pct,
        maxIf(s.value, s.key = 'fresh_warn_days') AS fresh_warn_days,
        maxIf(s.value, s.key = 'fresh_error_days') AS fresh_error_days,
        throwIf(countIf(s.key IN (
            'roas_green_above', 'roas_yellow_from', 'organiser_share_pct', 'fresh_warn_days', 'fresh_error_days')) != 5,
            'dim_settings lacks a setting: see the check dim_settings__complete') AS is_incomplete
    FROM dim_settings AS s FINAL
)
SELECT
    roas_green_above + is_incomplete AS roas_green_above,
    roas_yellow_from + is_incomplete AS roas_yellow_from,
    organiser_share_pct + is_incomplete AS organiser_share_pct,
    fresh_warn_days + is_incomplete AS fresh_warn_days,
    fresh_error_days + is_incomplete AS fresh_error_days
FROM found
)
COMMENT 'Настройки отчётов одной строкой'
