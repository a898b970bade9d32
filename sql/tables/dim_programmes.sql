-- Titles that belong to one programme although they are written differently; the content is sql/seeds/programmes.csv.
-- grain: one row per title
-- seed: programmes
CREATE TABLE IF NOT EXISTS dim_programmes
(
    title String COMMENT 'Название без города: строчными буквами, без кавычек и знаков',
    programme String COMMENT 'Программа, к которой оно относится',
    _ver UInt64 COMMENT 'Версия таблицы: больше — новее'
)
ENGINE = ReplacingMergeTree
ORDER BY title
COMMENT 'Программы: какие названия означают одно';
