"""Tables as people send them: HTML, CSV and .xlsx to lines under known columns, proved by their own totals.

    bytes ─ charsets ─▶ text ─ html_tables · delimited · spreadsheets ─▶ Grid ─ headers ─▶ Layout ─ reader ─▶ Table

One reader for mailed reports, plans and hand exports. It knows no vendor, no mail and no ClickHouse.
"""
