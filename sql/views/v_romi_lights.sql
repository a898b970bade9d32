-- The traffic light: which ROAS is which colour. The one place of that rule; thresholds are in dim_settings.
-- A view joins it by what its row can have and by its ROAS, rounded to nine digits so that 1.5 is 1.5:
--     ASOF JOIN v_romi_lights AS t ON s.light_kind = t.light_kind AND round(ifNull(s.roas, 0), 9) >= t.roas_from
-- grain: one row per colour
CREATE OR REPLACE VIEW v_romi_lights
(
    light_kind UInt8 COMMENT '0 — нет расхода, 1 — светофор, 2 — расход есть, но сравнивать его с продажами строки нельзя',
    roas_from Float64 COMMENT 'С какого ROAS горит этот цвет',
    romi_status LowCardinality(String) COMMENT 'Светофор: зелёный, жёлтый, красный, «нет расхода» или «нельзя сравнить»',
    romi_status_code UInt8 COMMENT 'Светофор числом: 3 зелёный, 2 жёлтый, 1 красный, 0 — без цвета',
    roas_green_above Float64 COMMENT 'Порог: зелёный, если ROAS больше',
    roas_yellow_from Float64 COMMENT 'Порог: жёлтый, если ROAS не меньше'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS (
SELECT
    light.1 AS light_kind,
    light.2 AS roas_from,
    CAST(light.4 AS LowCardinality(String)) AS romi_status,
    light.3 AS romi_status_code,
    l.roas_green_above AS roas_green_above,
    l.roas_yellow_from AS roas_yellow_from
FROM v_settings AS l
ARRAY JOIN
    [
        (0, -1e300, 0, 'нет расхода'),
        (1, -1e300, 1, 'красный'),
        (1, l.roas_yellow_from, 2, 'жёлтый'),
        (1, l.roas_green_above + 1e-9, 3, 'зелёный'),
        (2, -1e300, 0, 'нельзя сравнить')
    ] AS light
)
COMMENT 'Светофор ROMI: цвета и пороги'
