-- Limits of readers: no writes, no schema changes, bounded time, memory and result.
-- Each limit has a smallest value too, because 0 would lift it.
-- DataLens sends readonly = 2 and join_use_nulls = 1 itself, and a page of at most 1 000 001 rows; a dashboard gives up after 70 s.
CREATE SETTINGS PROFILE OR REPLACE zakaz_profile_reader SETTINGS
    readonly = 2,
    allow_ddl = 0 READONLY,
    join_use_nulls = 1,
    session_timezone = 'Europe/Moscow',
    max_execution_time = 60 MIN 1 MAX 60,
    max_memory_usage = 4000000000 MIN 1 MAX 4000000000,
    max_result_rows = 1000001 MIN 1 MAX 1000001,
    max_threads = 4 MIN 1 MAX 4,
    max_concurrent_queries_for_user = 20 READONLY
TO zakaz_role_reader
