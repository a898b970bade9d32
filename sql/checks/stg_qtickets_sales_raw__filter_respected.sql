-- Every ticket was paid on the Moscow day it stands in, and none in the future: the vendor answered what it was asked.
-- asset: stg_qtickets_sales_raw
-- severity: error
-- blocking: yes
-- ru: QTickets не соблюдает фильтр: билеты чужих дней
-- ru_action: Выполните `zakaz doctor --live`: он скажет, работает ли фильтр; затем загрузите дни заново.
-- action: run `zakaz doctor --live`: it tells whether QTickets still honours body filters; then load the days again
WITH strays AS
(
    SELECT sale_date, sold_at
    FROM stg_qtickets_sales_raw FINAL
    WHERE channel = 'api'
        AND (toDate(sold_at, 'Europe/Moscow') != sale_date OR (sold_at > now() + INTERVAL 1 DAY AND sold_at > _loaded_at + INTERVAL 1 DAY))
)
SELECT
    if(count() = 0, 'ok', 'error') AS status,
    toFloat64(count()) AS figure,
    0. AS threshold,
    if(count() = 0, 'every ticket lies inside the day that was asked for',
        concat(toString(count()), ' tickets do not, from ', toString(min(sale_date)), ' to ', toString(max(sale_date)))) AS detail
FROM strays
