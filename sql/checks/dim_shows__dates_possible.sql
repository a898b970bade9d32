-- Shows end after they begin, last at most a year, and begin on the venue's own date of their moment.
-- asset: dim_shows
-- severity: warn
-- blocking: no
-- ru: QTickets: невозможные даты показа
-- ru_action: Исправьте в кабинете QTickets даты названного показа или часовой пояс его города.
-- action: correct the dates of the show the detail names in the QTickets cabinet, or the time zone of its city
SELECT
    if(count() = 0, 'ok', 'warning') AS status,
    toFloat64(count()) AS figure,
    0. AS threshold,
    if(count() = 0, 'all dates are possible',
        concat(toString(count()), ' shows have others, show ', toString(min(show_id)), ' among them')) AS detail
FROM
(
    SELECT show_id
    FROM dim_shows FINAL
    WHERE is_deleted = 0 AND (finish_date < show_date OR finish_date > show_date + 366
        OR abs(dateDiff('day', toDate(starts_at, 'Europe/Moscow'), show_date)) > 1)
)
