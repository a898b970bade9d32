"""The document as Prometheus text: statuses as 0, 1, 2 beside their figures.

Belongs here: names of metrics and the text format. Does not: HTTP.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from zakaz_dagster.health.wire import Document

LEVELS = {"ok": 0, "warning": 1, "error": 2}
HELP = {
    "zakaz_status": "gravest status of all checks: 0 ok, 1 warning, 2 error",
    "zakaz_check_status": "status of one check: 0 ok, 1 warning, 2 error",
    "zakaz_check_figure": "figure of one check, in the unit its detail names",
    "zakaz_check_threshold": "threshold of one check",
    "zakaz_source_days_behind": "days from a source's newest data to today",
    "zakaz_source_minutes_since_load": "minutes since a source's last good load",
    "zakaz_verdicts_age_seconds": "seconds since these verdicts were reached",
}


def exposition(found: Document, age_seconds: float) -> str:
    """The text of /metrics."""
    lines: list[str] = []
    for name, about in HELP.items():
        samples = list(_samples(name, found, age_seconds))
        if samples:
            lines += [f"# HELP {name} {about}", f"# TYPE {name} gauge"]
            lines += [f"{name}{labels} {value:g}" for labels, value in samples]
    return "\n".join(lines) + "\n"


def _samples(name: str, found: Document, age_seconds: float) -> Iterator[tuple[str, float]]:
    checks, sources = found.get("checks", []), found.get("data_freshness", {})
    if name == "zakaz_status":
        yield "", LEVELS[found["status"]]
    elif name == "zakaz_verdicts_age_seconds":
        yield "", age_seconds
    elif name.startswith("zakaz_check"):
        for check in checks:
            value = _value(check, name.removeprefix("zakaz_check_"))
            if value is not None:
                yield _labels(name=check["name"], area=check["area"]), value
    else:
        for source, age in sources.items():
            value = age[name.removeprefix("zakaz_source_")]
            if value is not None:
                yield _labels(source=source), value


def _value(check: dict[str, Any], key: str) -> float | None:
    return LEVELS[check["status"]] if key == "status" else check[key]


def _labels(**labels: str) -> str:
    escaped = (
        (name, value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")) for name, value in labels.items()
    )
    return "{" + ",".join(f'{name}="{value}"' for name, value in escaped) + "}"
