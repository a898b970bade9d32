"""The shape of `dashboard.yaml`: what it may say, and that its own names agree with each other.

Belongs here: reading the file into typed objects. Does not: views and their columns (`model`), DataLens, HTML.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from zakaz_dagster.errors import Fatal

SPEC_FILE = Path(__file__).with_name("dashboard.yaml")

Format = Literal["rub", "rub2", "int", "pct", "pct2", "ratio", "days", "hours", "text", "date", "datetime"]
ChartType = Literal["kpi", "column", "line", "combined", "bar", "steps", "table"]


def _key(value: str) -> str:
    if not value.replace("_", "").isalnum() or not value.isascii() or value != value.lower():
        raise ValueError(f"{value!r} must be lower-case ASCII letters, digits and _")
    return value


Key = Annotated[str, AfterValidator(_key)]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Connection(Strict):
    """How DataLens reaches ClickHouse; host, user and password come from settings."""

    name: str
    cache_ttl_seconds: int = Field(ge=0, le=86_400)


class FormulaSpec(Strict):
    title: str
    formula: str
    format: Format
    description: str = ""


class DatasetSpec(Strict):
    """A dataset over one view. Columns that are not named stay hidden in DataLens and out of the preview."""

    title: str
    view: Key
    date: Key | None = None
    dimensions: tuple[Key, ...]
    measures: tuple[Key, ...] = ()
    helpers: tuple[Key, ...] = ()
    titles: Mapping[Key, str] = {}
    formats: Mapping[Key, Format] = {}
    formulas: Mapping[Key, FormulaSpec] = {}


class ChartSpec(Strict):
    """A chart; which fields it needs depends on its type, which `model` checks."""

    type: ChartType
    title: str
    dataset: Key
    width: int = Field(12, ge=2, le=12, description="of twelve columns")
    x: Key | None = None
    y: tuple[Key, ...] = ()
    lines: tuple[Key, ...] = ()
    y2: tuple[Key, ...] = ()
    columns: tuple[Key, ...] = ()
    light: Mapping[Key, Key] = {}
    where: Mapping[Key, tuple[str, ...]] = {}
    sort: str = ""
    limit: int = Field(1000, ge=1)
    totals: bool = False
    missing: Mapping[Key, str] = Field({}, description="what is said when no row has a value of this measure")
    note: str = ""


class PageSpec(Strict):
    title: str
    lead: str
    selectors: tuple[Key, ...]
    charts: Mapping[Key, ChartSpec]


class Period(Strict):
    """Lengths in days that the preview offers; `history_days` is how far back it carries rows."""

    default_days: int = Field(ge=1)
    choices: tuple[int, ...]
    history_days: int = Field(ge=1)


class Stamp(Strict):
    """What stands in a page's head: one row per source, with the moment its data is known up to."""

    dataset: Key
    name: Key
    moment: Key
    light: Key


class Spec(Strict):
    dashboard: str
    description: str
    connection: Connection
    period: Period
    selectors: Mapping[Key, str]
    unassigned: tuple[str, ...] = Field((), description="names of what belongs to no show, city or campaign")
    titles: Mapping[Key, str]
    colours: Mapping[Key, str]
    datasets: Mapping[Key, DatasetSpec]
    stamp: Stamp
    pages: Mapping[Key, PageSpec]


def load(path: Path = SPEC_FILE) -> Spec:
    """The specification in a file; every fault of its shape is named at once."""
    try:
        return Spec.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (yaml.YAMLError, ValidationError) as error:
        raise Fatal(f"{path.name}: {error}", source="dashboard", next_step=f"correct {path.name}") from error
