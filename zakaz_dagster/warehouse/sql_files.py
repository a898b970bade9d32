"""The SQL files: one statement each, with a title and facts about it in its leading comment.

    -- Sales and refunds, each on its own day.        the title
    -- grain: one row per (sale_date, show)           a fact; indented lines below continue it
    -- day: sale_date

A file without SQL names a template, `-- template: one_row_per_key`: the SELECT of sql/templates/one_row_per_key.sql,
where each `{{name}}` is the fact of that name.
Belongs here: finding, reading and rendering them. Does not: running them, or understanding their SQL (`lineage`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from zakaz_dagster.errors import Fatal
from zakaz_dagster.paths import SQL_ROOT

Kind = Literal["tables", "views", "builds", "checks", "grants"]

TEMPLATES = "templates"  # the folder of sql/ whose files are no statements of their own
# Settings of a query that must work before the database exists, and for users who may see no other.
ANYWHERE = {"database": ""}

_FACT = re.compile(r"([a-z_]+): *(.*)")
_CREATED = re.compile(
    r"^(CREATE (?:TABLE|ROLE|USER|QUOTA|SETTINGS PROFILE) (?:IF NOT EXISTS|OR REPLACE)|CREATE OR REPLACE VIEW) (\w+)",
    re.MULTILINE,
)
_PLACE = re.compile(r"\{\{([a-z_]+)\}\}")
_NAMED = re.compile(r"(?<![\w.])zakaz(?=[._])")
_GRANT = re.compile(r"^GRANT ", re.MULTILINE)
_ENGINE = re.compile(r"^(ENGINE = )(?!Replicated)(\w*MergeTree\b)", re.MULTILINE)
_DEFINER = re.compile(r"^(DEFINER = )CURRENT_USER\b", re.MULTILINE)


@dataclass(frozen=True)
class Place:
    """Where a statement will run: `cluster` replicates its objects, `definer` is the user whose rights views have
    (empty: the writer's own), `database` stands in grants, which alone name it, and in the names of roles and users.
    """

    database: str = "zakaz"
    cluster: str = ""
    definer: str = ""


HERE = Place()


@dataclass(frozen=True)
class Statement:
    """One file of `sql/`; `name` is the file's stem, which is also the name of the table, view or check."""

    name: str
    kind: Kind
    path: Path
    sql: str
    title: str
    meta: Mapping[str, str]

    def rendered(self, place: Place = HERE) -> str:
        """The statement as it is sent there."""
        if self.kind == "grants":
            return on_cluster(named_after(self.sql, place.database), place.cluster)
        if self.kind == "views" and place.definer:
            return on_cluster(_DEFINER.sub(rf"\g<1>{place.definer}", self.sql, count=1), place.cluster)
        return on_cluster(self.sql, place.cluster) if self.kind in ("tables", "views") else self.sql


def named_after(sql: str, database: str) -> str:
    """The same statement for another database: of it (`zakaz.*`) and with names that carry its name (`zakaz_etl`)."""
    return _NAMED.sub(database, sql)


def on_cluster(sql: str, cluster: str) -> str:
    """The same DDL for every replica of a cluster; unchanged without one."""
    if not cluster:
        return sql
    named = _CREATED.sub(lambda found: f"{found[1]} {found[2]} ON CLUSTER '{cluster}'", sql, count=1)
    granted = _GRANT.sub(f"GRANT ON CLUSTER '{cluster}' ", named, count=1)
    return _ENGINE.sub(r"\1Replicated\2", granted, count=1)


def load(kind: Kind, root: Path = SQL_ROOT) -> dict[str, Statement]:
    """Every statement of a kind by name, in alphabetical order; files of subfolders count too."""
    paths = sorted((root / kind).rglob("*.sql"), key=lambda path: path.stem)
    if not paths:
        raise Fatal(f"no SQL files in {root / kind}", source="sql", next_step="install the package again")
    found: dict[str, Statement] = {}
    for path in paths:
        if path.stem in found:
            raise Fatal(f"two files named {path.name} in sql/{kind}", source="sql", next_step="rename one of them")
        found[path.stem] = _read(path, kind)
    return found


@lru_cache(maxsize=1)
def tables() -> Mapping[str, Statement]:
    """The platform's own tables, read once per process."""
    return MappingProxyType(load("tables"))


def _read(path: Path, kind: Kind) -> Statement:
    text = path.read_text(encoding="utf-8")
    comments = list(_leading_comments(text))
    if not comments or not comments[0].strip():
        raise Fatal(f"{path.name} has no title", source="sql", expected="a first line `-- What it is.`")
    facts = _facts(comments[1:])
    if "template" in facts:
        text = text.rstrip() + "\n" + _filled(path, facts)
    sql = text.rstrip().rstrip(";").rstrip() + "\n"
    return Statement(path.stem, kind, path, sql, comments[0].strip(), MappingProxyType(facts))


def _filled(path: Path, facts: Mapping[str, str]) -> str:
    """The SELECT of the template that the facts name, with the facts in it."""
    template = path.parents[1] / TEMPLATES / f"{facts['template']}.sql"
    if not template.is_file():
        raise Fatal(f"{path.name} names sql/templates/{template.name}, which does not exist", source="sql")
    lines = template.read_text(encoding="utf-8").splitlines(keepends=True)
    body = "".join(lines[len(list(_leading_comments("".join(lines)))) :])
    missing = sorted(set(_PLACE.findall(body)) - facts.keys())
    if missing:
        raise Fatal(
            f"{path.name} does not say {', '.join(missing)}",
            source="sql",
            expected=f"a line `-- {missing[0]}: …`, which sql/templates/{template.name} needs",
        )
    return _PLACE.sub(lambda place: facts[place[1]], body)


def _leading_comments(text: str) -> Iterator[str]:
    """The leading comment lines without `--` and the one space after it."""
    for line in text.lstrip("\ufeff\n").splitlines():
        if not line.startswith("--"):
            return
        yield line[2:].removeprefix(" ")


def _facts(lines: list[str]) -> dict[str, str]:
    facts: dict[str, str] = {}
    key = ""
    for line in lines:
        fact = _FACT.fullmatch(line)
        if fact:
            key, facts[fact[1]] = fact[1], fact[2].strip()
        elif key and line.startswith("  "):
            facts[key] = f"{facts[key]} {line.strip()}".strip()
        else:
            key = ""
    return facts
