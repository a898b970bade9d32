-- Each advertising platform has one channel group, so its spend and its sales meet in one row.
-- asset: dim_channels
-- severity: error
-- blocking: yes
-- ru: Рекламная площадка стоит в двух группах каналов
-- ru_action: Исправьте sql/seeds/channels.csv (одна группа на площадку) и выполните `zakaz schema apply`.
-- action: give every line of the source in sql/seeds/channels.csv the same channel_group
WITH split AS
(
    SELECT p.source AS source, uniqExact(c.channel_group) AS groups, arrayStringConcat(arraySort(groupUniqArray(c.channel_group)), ', ') AS names
    FROM (SELECT arrayJoin(['vk_ads', 'yandex_direct']) AS source) AS p
    LEFT JOIN (SELECT source, CAST(channel_group AS String) AS channel_group FROM dim_channels FINAL) AS c ON p.source = c.source
    GROUP BY p.source
    HAVING groups != 1 OR names = ''
)
SELECT
    if(count() = 0, 'ok', 'error') AS status,
    toFloat64(count()) AS figure,
    0. AS threshold,
    if(count() = 0, 'one channel group per platform',
        arrayStringConcat(groupArray(concat(source, ': ', if(names = '', 'none', names))), '; ')) AS detail
FROM split
