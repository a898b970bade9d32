-- Spend by account and day, small enough that a budget's pace reads every day of it.
-- grain: one row per (date, source, account)
-- whole: each build makes it anew, from every day
-- identity: sum(spend_rub) = that of fact_marketing_daily
CREATE TABLE IF NOT EXISTS fact_accounts_daily
(
    date Date COMMENT 'День показа рекламы (Москва)',
    source LowCardinality(String) COMMENT 'Рекламный кабинет: vk_ads или yandex_direct',
    account LowCardinality(String) COMMENT 'Кабинет или логин',
    spend_rub Decimal(18, 2) COMMENT 'Расход с НДС, руб.',
    _loaded_at DateTime('Europe/Moscow') COMMENT 'Когда построено',
    _ver UInt64 COMMENT 'Версия таблицы: больше — новее',
    _run_id String COMMENT 'Запуск, который построил таблицу'
)
ENGINE = MergeTree
ORDER BY (source, account, date)
COMMENT 'Расход кабинетов по дням';
