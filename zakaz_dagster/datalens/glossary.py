"""Every figure of the dashboard with its definition, in Russian: the «?» of the pages and docs/metrics.ru.md.

Both come from `dashboard.yaml` and the comments of the views' columns; docs/metrics.md says the same in English.
"""

from __future__ import annotations

from collections.abc import Iterator

from zakaz_dagster.datalens.model import Dashboard, Field

HEAD = """# Показатели

Этот файл создан командой `zakaz datalens glossary` из описания отчётов; те же определения стоят за знаком «?»
на страницах.
Отношения считаются как отношение сумм; нет расхода — пусто, а не ноль. Дни — московские.
"""


def measures(dashboard: Dashboard) -> Iterator[tuple[str, list[Field]]]:
    """(title of a dataset, its figures that have a definition), in the dashboard's order."""
    for dataset in dashboard.datasets.values():
        fields = [field for field in dataset.fields.values() if field.kind == "measure" and field.description]
        yield dataset.spec.title, [field for field in fields if not field.name.startswith(("light", "status"))]


def markdown(dashboard: Dashboard) -> str:
    """The glossary as a page of documentation: one table per dataset."""
    parts = [HEAD]
    for title, fields in measures(dashboard):
        rows = "".join(f"| {_cell(field.title)} | {_cell(field.description)} |\n" for field in fields)
        parts.append(f"## {title}\n\n| показатель | что это |\n|---|---|\n{rows}" if rows else "")
    return "\n".join(part for part in parts if part)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
