"""dlt into its DuckDB destination, as its own guides write a source: a resource yields dictionaries.

What comes is added, which is dlt's default and its quickest; merged by key is measured beside it.

Only the race imports dlt, and says so where it is not installed.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import dlt
import pyarrow as pa
import pyarrow.csv as pacsv

from benchmarks.race_place import Place
from benchmarks.race_scripts import bodies, tsv

os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"


def tickets(place: Place, first: date, last: date, disposition: str = "append") -> None:
    @dlt.resource(name="orders", primary_key="id", write_disposition=disposition)
    def orders() -> Iterator[list[dict[str, Any]]]:
        for body in bodies(place, first, last):
            yield dlt.common.json.loadb(body)["data"]

    _run(place, orders)


def merged_tickets(place: Place, first: date, last: date) -> None:
    tickets(place, first, last, "merge")


def report(place: Place, _first: date, _last: date) -> None:
    """Typed by hints; `--` is no value."""

    @dlt.resource(
        name="report",
        columns={
            "date": {"data_type": "date"},
            "cost": {"data_type": "decimal", "precision": 18, "scale": 2},
            **{name: {"data_type": "bigint"} for name in ("impressions", "clicks", "conversions")},
        },
    )
    def lines() -> Iterator[dict[str, Any]]:
        for cells in csv.DictReader(io.StringIO(tsv(place).decode()), delimiter="\t", quoting=csv.QUOTE_NONE):
            if cells["CampaignId"] is not None:
                yield {name: None if value == "--" else value for name, value in cells.items()}

    _run(place, lines)


def arrow_report(place: Place, _first: date, _last: date) -> None:
    """The same given as one Arrow table: dlt then takes it as it is."""
    body = tsv(place)
    end = body.rfind(b"Total rows:")

    @dlt.resource(name="report")
    def lines() -> Iterator[pa.Table]:
        yield pacsv.read_csv(
            pa.BufferReader(body[:end] if end > 0 else body),
            parse_options=pacsv.ParseOptions(delimiter="\t", quote_char=False),
            convert_options=pacsv.ConvertOptions(
                column_types={"Date": pa.date32(), "Cost": pa.decimal128(18, 2)}, null_values=["--"]
            ),
        )

    _run(place, lines)


def _run(place: Place, resource: Any) -> None:
    pipeline = dlt.pipeline(
        "race",
        pipelines_dir=str(Path(place.file).parent / "dlt"),
        destination=dlt.destinations.duckdb(place.file),
        dataset_name="race",
    )
    pipeline.run(resource)
