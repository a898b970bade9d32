"""The text of a report: title, column names, rows, total – and every way in which it can arrive deformed.

Belongs here: TSV as the vendor writes it. Does not: when it is given out (`queue`), values of fields (`fields`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from zakaz_dagster.dev.sandbox.direct.fields import METRICS, MONEY, NOTHING, keys, metric
from zakaz_dagster.dev.sandbox.direct.view import View
from zakaz_dagster.dev.sandbox.faults import Faults
from zakaz_dagster.dev.sandbox.world.ads import Stat, total
from zakaz_dagster.dev.sandbox.world.chance import shuffled
from zakaz_dagster.dev.sandbox.world.moments import days, shift

Line = list[str]
BROKEN = "\ufffe"  # written as half of a character


@dataclass(frozen=True, slots=True)
class Asked:
    """A report request that passed the vendor's checks."""

    name: str
    kind: str
    fields: list[str]
    first: date
    last: date


def table(view: View, asked: Asked, headers: Mapping[str, str]) -> str:
    """The whole text, as of now."""
    as_asked = headers.get("returnmoneyinmicros", "true") != "false"
    micros = {"micros": True, "decimal": False}.get(str(view.on("money")), as_asked)
    lines = [_line(asked, names, stat, micros=micros) for names, stat in _figures(view, asked)]
    lines = list(_deformed(lines, asked, view.faults))
    parts = [_title(asked, headers, view.faults), _names(asked, headers, view.faults), *map("\t".join, lines)]
    if headers.get("skipreportsummary") != "true" and not view.on("no_total"):
        parts.append(f"Total rows: {len(lines) + bool(view.on('wrong_total'))}")
    kept = [part for part in parts if part is not None]
    if cut := int(view.on("cut_rows", 0)):
        del kept[-1 - cut : -1]
    return "\n".join(kept) + "\n"


def _figures(view: View, asked: Asked) -> Iterator[tuple[dict[str, str], Stat]]:
    """Rows grouped by what was asked for. Wizard campaigns come in two rows that look the same."""
    groups = [name for name in asked.fields if name not in METRICS]
    found: dict[tuple[str, ...], list[Stat]] = {}
    for day in days(asked.first, asked.last):
        for row in view.rows(day):
            values = keys(day, row)
            place = tuple(values.get(name, NOTHING) for name in groups)
            twice = row.campaign.wizard or bool(view.on("halves"))
            for number, stat in enumerate(_halves(row.stat) if twice else [row.stat]):
                found.setdefault((*place, str(number)), []).append(stat)
    for place, stats in found.items():
        yield dict(zip(groups, place, strict=False)), total(stats)


def _halves(stat: Stat) -> list[Stat]:
    half = Stat(*(value // 2 for value in stat))
    return [half, Stat(*(whole - part for whole, part in zip(stat, half, strict=True)))]


def _line(asked: Asked, names: Mapping[str, str], stat: Stat, *, micros: bool) -> Line:
    line = []
    for name in asked.fields:
        value = names[name] if name in names else metric(name, stat)
        if name in MONEY and isinstance(value, int):
            value = value * 10_000 if micros else f"{value // 100}.{value % 100:02d}"
        line.append(str(value))
    return line


def _deformed(lines: list[Line], asked: Asked, faults: Faults) -> Iterator[Line]:
    if faults.get("unsorted"):
        lines = list(shuffled(tuple(lines), "unsorted", asked.name))
    place = asked.fields.index("CampaignName") if "CampaignName" in asked.fields else 0
    if lines and faults.get("stray_tab"):
        middle = lines[len(lines) // 2]
        middle[place] = f"{middle[place][:5]}\t{middle[place][5:]}"
    if lines and faults.get("line_feed"):
        lines[-1][place] = f"{lines[-1][place][:3]}\n{lines[-1][place][3:]}"
    if lines and faults.get("odd_cell") and "Clicks" in asked.fields:
        lines[-1][asked.fields.index("Clicks")] = "много"
    if lines and faults.get("broken_byte"):
        lines[-1][place] += BROKEN
    if lines and faults.get("strange_day") and "Date" in asked.fields:
        lines[0][asked.fields.index("Date")] = shift(asked.first, -1).isoformat()
    if lines and faults.get("no_date") and "Date" in asked.fields:
        lines[0][asked.fields.index("Date")] = NOTHING
    yield from lines
    if lines and faults.get("dashes"):
        yield [NOTHING if name in METRICS else cell for name, cell in zip(asked.fields, lines[-1], strict=True)]


def _title(asked: Asked, headers: Mapping[str, str], faults: Faults) -> str | None:
    """Documented in quotes, seen without them."""
    title = f"{asked.name} ({asked.first} - {asked.last})"
    if mode := faults.get("title"):
        return f'"{title}"' if mode == "quoted" else title
    return None if headers.get("skipreportheader") == "true" else f'"{title}"'


def _names(asked: Asked, headers: Mapping[str, str], faults: Faults) -> str | None:
    if headers.get("skipcolumnheader") == "true":
        return None
    names = ["Spend" if name == "Cost" and faults.get("renamed_column") else name for name in asked.fields]
    return "\t".join(names)
