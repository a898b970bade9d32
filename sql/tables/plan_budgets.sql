-- What may be spent on advertising, as uploaded by `zakaz import budget`: a file is the whole budget of every month it names.
-- grain: one row per (month, source, account)
-- day: month
CREATE TABLE IF NOT EXISTS plan_budgets
(
    month Date COMMENT 'Месяц, его первый день',
    source LowCardinality(String) COMMENT 'Рекламный кабинет: vk_ads или yandex_direct',
    account String COMMENT 'Кабинет или логин, как в данных площадки',
    budget_rub Decimal(18, 2) COMMENT 'Бюджет месяца с НДС, руб.',
    _loaded_at DateTime('Europe/Moscow') COMMENT 'Когда загружено',
    _ver UInt64 COMMENT 'Версия строки: больше — новее',
    _run_id String COMMENT 'Загрузка, которая принесла строку'
)
ENGINE = ReplacingMergeTree(_ver)
PARTITION BY month
ORDER BY (month, source, account)
COMMENT 'Бюджеты на рекламу по месяцам';
