INSERT INTO meta_job_runs (
    started_at, finished_at, run_id, job, step, assets, days, attempt, status, rows_received, rows_accepted, _ver)
-- A quarter of an hour of every day has a run of six steps.
SELECT
    toDateTime({first:Date}) + intDiv(number, 6) * 900 AS started_at,
    started_at + 20 AS finished_at,
    toString(intDiv(number, 6)) AS run_id,
    'qtickets_refresh' AS job,
    concat('step ', toString(number % 6)) AS step,
    'stg_qtickets_sales_raw' AS assets,
    toString(toDate(started_at)) AS days,
    1 AS attempt,
    if(number % 500 = 0, 'failure', 'success') AS status,
    700 AS rows_received,
    700 AS rows_accepted,
    1 AS _ver
FROM numbers({days:UInt64} * 96 * 6)
