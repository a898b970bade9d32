"""`zakaz inspect direct-report|direct-ads`: what the loader makes of a saved answer or of a hand-exported report.

Belongs here: one file to plain rows. Does not: anything that needs a second answer, as a group's parameters do.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from zakaz_dagster.errors import Fatal
from zakaz_dagster.seeds import city_index
from zakaz_dagster.sources.base import Inspection, Reject
from zakaz_dagster.sources.tables import in_day_order
from zakaz_dagster.sources.yandex_direct import records
from zakaz_dagster.sources.yandex_direct.errors import error_in, next_step
from zakaz_dagster.sources.yandex_direct.exports import read_export
from zakaz_dagster.sources.yandex_direct.landings import UNKNOWN_CITY, Clicked, Lander
from zakaz_dagster.sources.yandex_direct.rows import figures, summed
from zakaz_dagster.sources.yandex_direct.tsv import TYPES, find_frame, read_report

MODES = {"micros": True, "decimal": False}
ABSENT = {"date": "Date", "impressions": "Impressions", "clicks": "Clicks"}
VENDOR_NAMES = {name for name in TYPES if name != "Date"}


def report(raw: bytes, options: Mapping[str, str]) -> Inspection:
    """Rows of a report, those with one key summed. `--money` says how an API report writes money; else it is guessed.

    A column that the report does not have is empty. `received` counts the vendor's rows before they were summed.
    """
    _refuse_errors(raw)
    table, rejects = read_file(raw, options.get("money"))
    dated = table if "Date" in table.column_names else table.append_column("Date", _undated(table.num_rows))
    rows = in_day_order(summed(figures(dated, "")))
    shown = _shown(rows, table.column_names)
    totals: dict[str, object] = {
        "received": table.num_rows + len(rejects),
        "rows": rows.num_rows,
        "days": len({row["date"] for row in shown}),
        **{name: _sum(rows, name) for name in ("impressions", "clicks", "conversions")},
        "cost_rub": f"{_sum(rows, 'cost_rub'):.2f}",
    }
    return Inspection(shown, [asdict(reject) for reject in rejects], totals)


def ads(raw: bytes, options: Mapping[str, str]) -> Inspection:
    """Ads with their own link and its tags, before the parameters of their group or campaign are laid over."""
    del options
    _refuse_errors(raw)
    page = records.ads(raw)
    lander = Lander(city_index())
    rows = [_ad(ad, lander) for ad in page.items if isinstance(ad, records.Ad)]
    totals = {
        "ads": len(rows),
        "with_link": sum(bool(row["landing_url"]) for row in rows),
        "with_utm": sum(any(row[name] for name in row if name.startswith("utm_")) for row in rows),
        "with_city": sum(row["city"] != UNKNOWN_CITY for row in rows),
        "more_pages": page.following is not None,
    }
    return Inspection(rows, [asdict(reject) for reject in page.rejects], totals)


def read_file(raw: bytes, money: str | None) -> tuple[pa.Table, Sequence[Reject]]:
    """An API report is known by its column names; anything else is taken for a hand export."""
    file = io.BytesIO(raw)
    if VENDOR_NAMES & set(find_frame(file).columns):
        report = read_report(file, micros=MODES.get(money or ""), summary=False)
        return report.table, report.rejects
    export = read_export(raw)
    return export.table, export.rejects


def _shown(rows: pa.Table, given: Sequence[str]) -> list[dict[str, object]]:
    """Plain rows; what the report does not have, or does not name, is null."""
    absent = {ours for ours, vendor in ABSENT.items() if vendor not in given}
    return [
        {name: None if name in absent else _cell(name, value) for name, value in row.items() if name != "account"}
        for row in rows.to_pylist()
    ]


def _undated(rows: int) -> pa.Array:
    """Stands in for the day of a report that has none; never shown."""
    return pa.repeat(pa.scalar(date.min, pa.date32()), rows)


def _cell(name: str, value: Any) -> object:
    if name.endswith(("_id", "_name")) or name == "network":
        return value or None
    if isinstance(value, Decimal):
        return f"{value:.2f}"
    if isinstance(value, date):
        return value.isoformat()
    return value


def _ad(ad: records.Ad, lander: Lander) -> dict[str, Any]:
    landing = lander.of(Clicked(ad.campaign_id, ad.ad_group_id, ad.id, href=ad.href))
    head = {"ad_id": ad.id, "campaign_id": ad.campaign_id, "ad_group_id": ad.ad_group_id, "type": ad.type}
    tail = {name: value for name, value in landing._asdict().items() if not name.startswith("url_params")}
    return {**head, "state": ad.state, "title": ad.title, **tail}


def _refuse_errors(raw: bytes) -> None:
    """A saved error is said as the loader would say it."""
    error = error_in(raw)
    if error is not None:
        raise Fatal(str(error), source=records.SOURCE, next_step=next_step(error))


def _sum(rows: pa.Table, name: str) -> Any:
    return pc.sum(rows[name]).as_py() or 0
