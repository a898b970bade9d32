"""What docs/benchmarks.md says in words: the goals and where their figures are, who runs, what the tables mean."""

from __future__ import annotations

HEAD = """# Benchmarks

Written by `make bench` (`benchmarks/page.py`); do not edit. Every figure stands beside another one that was measured
in the same run, because machines differ and ratios do not, much. All guarantees are on in every figure of ours: rows
are read back and compared with what was sent, no table changes before all are proven, every day is entered in the
ledger.
"""

# what, the goal in words, the module that measures it, its figures (`name | beside`), and what is shown of them
GOALS = (
    ("tickets per CPU second against dlt / rows / pandas / bare by day", "≥ 30× / 3.5× / 5× / 0.6×", "race",
     r"^tickets .* \| (dlt|pydantic rows|pandas|bare, by day)$", "ratio"),
    ("a year of Direct against dlt / rows / bare by day", "≥ 20× / 1× / 0.35×", "race",
     r"^report .* \| (dlt|pydantic rows|bare, by day)$", "ratio"),
    ("a 15-minute refresh against a script of the same work", "≤ 2×", "refresh", r"^one refresh", "ratio"),
    ("peak memory of a refresh", "≤ 180 MB", "refresh", r"peak memory", "value"),
    ("a view for 30 days of 5 years, each", "≤ 25 ms", "views", r", 30 days, 1×", "range"),
    ("a view for all time of 5 years, each", "≤ 150 ms", "views", r", all time, 1×", "range"),
    ("a view for 30 days at 100 organisers' volume", "≤ 200 ms", "views", r", 30 days, 100×", "range"),
    ("`zakaz dev` at rest, RSS", "≤ 1,200 MB", "weight", r"^zakaz dev at rest", "value"),
    ("`zakaz dev`, until the UI answers", "≤ 7 s", "weight", r"^zakaz dev: the UI", "value"),
    ("production set without ClickHouse, RSS", "≤ 700 MB", "weight", r"^services .* its limit", "value"),
    ("`zakaz demo`, 30 days", "≤ 28 s", "weight", r"^zakaz demo", "value"),
    ("event log of a day of refreshes, SQLite / PostgreSQL", "≤ 10 / 8 MB", "refresh", r"event log", "value"),
)  # fmt: skip

RUNNER_WORDS = {
    "ours": "this project's loader",
    "dlt": "dlt into DuckDB, dictionaries, appended",
    "dlt, merge": "the same, merged by key",
    "dlt, Arrow": "dlt given one Arrow table, appended",
    "pydantic rows": "a model for every record, rows to ClickHouse",
    "pandas": "frames to ClickHouse",
    "bare": "msgspec or Arrow's CSV reader, Arrow to ClickHouse",
    "bare, by day": "the same into partitions by day, each replaced",
}

FAULT_WORDS = """On few rows. *Right*: a dashboard on the table shows what is true. *Red*: the run failed and says
why, and the table holds what it held. *Wrong, silently*: the run ended well, and the dashboard is
wrong."""

WHY = """## Where an alternative wins, and why

- **The barest script, always.** It reads the fields it wants, builds columns and sends them: no record is checked one
  by one, nothing is read back, no order is kept for a replay, and no ledger knows what came. It is wrong in silence on
  half a page.
- **pandas on the report**, for the same reason: 200,000 flat rows are what its CSV reader was made for. On nested
  orders it is the slowest after dlt.
- **Scripts on a year of days.** A day is a partition here, because a day is what is replaced: 365 parts of 26 columns
  are written, read back and swapped in, which costs about five milliseconds of CPU a day and is most of what a year
  takes. Partitions of a month would take a third of it away, and one late correction would rewrite thirty days.
- **dlt given an Arrow table** does next to nothing to it; given dictionaries it types and flattens each one in Python.

## Where our seconds go

Profiled on 26 November 2026, to say what stands between us and a goal that is missed.

- **Tickets**, 1.45 CPU seconds: half is reading (typed JSON, names of buyers hashed, the order kept without people, 30
  columns of exact money and days), a sixth is the insert of two tables, a sixth the proofs and swaps, and a sixth the
  29 statements as such, 5 ms each at the local endpoint. A script that does nothing but decode, insert and replace days
  takes 0.6: that is the floor of the ratio, and 0.6 of it leaves 1.0 for everything that is proven.
- **A year of Direct**, 2.4 CPU seconds: 0.45 is reading and tags; of the rest, 0.8 is writing 365 parts, 0.5 swapping
  them in, 0.2 reading them back, 0.2 their versions before and after. Without partitions the same insert takes 0.4.
- **A refresh**: the script takes 1.3 CPU seconds, the same with proofs, ledger and swaps 1.8, and the rest is Dagster:
  30 steps, 60 checks and 450 events, each written to its log. Twice the script leaves 0.8 seconds for that; the process
  itself starts warm and imports nothing. Its memory is what the forked process shares with the one it comes from.
- **Services**: four processes import Dagster, 130 to 160 MB each, and runs are forked from a fifth; without it they
  hold some 760 MB (reckoned), and each refresh imports everything anew.
- **Views**: for 30 days of five years most time is planning: names, settings and lights are joined to few rows.
- **The demo** is 30 days through the same loads, builds and checks as every day, each with its events.
- Tried without gain: marks and keys uncompressed, other codecs, no statistics, no merging on insert, other sizes of
  blocks, an uncompressed stream, fewer or more partitions in one ALTER, wide parts.
"""

SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="12"'
    ' fill="#57606a">'
)
