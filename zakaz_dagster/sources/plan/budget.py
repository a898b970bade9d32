"""Rows of `plan_budgets` from a file: what may be spent in a month on which account of which platform.

A file is the whole budget of every month it names. An account is named as the platform names it; where the file names
no platform, the one that has this account is meant. Belongs here: these rules. Does not: reading tables (`tables`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

import pyarrow as pa

from zakaz_dagster.errors import BadData, ShapeChanged
from zakaz_dagster.parsing.cities import normalise
from zakaz_dagster.parsing.dates import parse_month
from zakaz_dagster.parsing.numbers import Measure
from zakaz_dagster.parsing.unreadable import Unreadable
from zakaz_dagster.sources.base import Reject
from zakaz_dagster.sources.plan.rows import Found, Row, once
from zakaz_dagster.table_schemas import schema_of
from zakaz_dagster.tables.files import Reader
from zakaz_dagster.tables.headers import TableKind, Vocabulary
from zakaz_dagster.tables.limits import Refused
from zakaz_dagster.tables.reader import Line, Rules

SOURCE, TABLE = "budget", "plan_budgets"
BUDGET = TableKind(
    needed=("month", "account", "budget"),
    naming=(),
    date="month",
    measures={"budget": Measure.MONEY},
    texts=("account",),
    others=("platform",),
    read_date=parse_month,
)
_SPELLINGS = {
    "month": ("месяц", "период", "month"),
    "account": ("кабинет", "рекламный кабинет", "аккаунт", "логин", "account", "login"),
    "budget": ("бюджет", "бюджет месяца", "план расхода", "плановый расход", "расход план", "budget"),
    "platform": ("площадка", "система", "источник", "platform", "source"),
}
HEADERS = [{"header": header, "column": role} for role, headers in _SPELLINGS.items() for header in headers]
_PLATFORMS = {
    **dict.fromkeys(("vk ads", "vk", "вк", "vk реклама", "вк реклама", "вконтакте"), "vk_ads"),
    **dict.fromkeys(
        ("yandex direct", "yandex", "direct", "директ", "яндекс", "яндекс директ", "яндекс.директ"), "yandex_direct"
    ),
}
_NEXT = "nothing was changed; correct the file"


@dataclass(frozen=True)
class Budgets:
    """A file's rows by month, what was put aside, and accounts that no spend is known of yet (kept)."""

    months: Mapping[date, pa.Table]
    rejects: list[Reject] = field(default_factory=list)
    unknown: frozenset[str] = frozenset()

    @property
    def budget_rub(self) -> Decimal:
        return sum((sum(rows["budget_rub"].to_pylist(), Decimal(0)) for rows in self.months.values()), Decimal(0))


def budgets_of(name: str, data: bytes, accounts: Iterable[tuple[str, str]]) -> Budgets:
    """The budgets of a file; `accounts` are (platform, account) as the facts have them.

    Raises ShapeChanged when no table of it is a budget, BadData when it cannot be read.
    """
    known = Counter(accounts)
    rules = Rules(names=lambda cells: bool(cells.get("account")))
    try:
        read = Reader(Vocabulary(BUDGET, HEADERS), rules).file(data)
    except Refused as error:
        raise BadData(f"{name}: {error}", source=SOURCE, expected="a CSV or .xlsx file", next_step=_NEXT) from None
    if not read.tables:
        raise ShapeChanged(
            f"{name} has no line of column names" + (f"; it lacks {', '.join(read.lacks)}" if read.lacks else ""),
            source=SOURCE,
            expected="the columns «Месяц», «Кабинет», «Бюджет», and «Площадка» where an account's name is not enough",
            next_step=_NEXT,
        )
    rejects: list[Reject] = []
    found: list[Found] = []
    for table in read.tables:
        for line in table.lines:
            where = f"{table.title}, row {line.number}" if len(read.tables) > 1 else f"row {line.number}"
            try:
                row = _row(line, table.reason, known)
            except (Unreadable, Refused) as error:
                rejects.append(Reject(str(error), where))
                continue
            found.append(((row["month"], row["source"], row["account"]), where, row))
    kept, again = once(found, "month and account", ("budget_rub",))
    months: dict[date, list[Row]] = {}
    for row in kept:
        months.setdefault(row["month"], []).append(row)
    schema = schema_of(TABLE)
    made = {month: pa.Table.from_pylist(rows, schema) for month, rows in sorted(months.items())}
    new = {row["account"] for row in kept if (row["source"], row["account"]) not in known}
    return Budgets(made, rejects + again, frozenset(new))


def _row(line: Line, reason: str, known: Iterable[tuple[str, str]]) -> Row:
    if reason or line.faults:
        raise Refused(reason or "; ".join(line.faults))
    month = parse_month(line.cells["month"])
    if month is None:
        raise Unreadable("", "a month")
    account, budget = line.cells["account"].strip(), line.figures.get("budget")
    if not account:
        raise Unreadable("", "an account as the platform names it")
    if budget is None or budget < 0:
        raise Unreadable(line.cells["budget"], "an amount of zero or more")
    source, account = _account(line.cells.get("platform", ""), account, known)
    return {"month": month, "source": source, "account": account, "budget_rub": budget}


def _account(platform: str, account: str, known: Iterable[tuple[str, str]]) -> tuple[str, str]:
    """The platform and the account in its own spelling."""
    source = _PLATFORMS.get(normalise(platform), "")
    if platform and not source:
        raise Unreadable(platform, "a platform: VK or Директ")
    found = [
        (each, name) for each, name in known if source in ("", each) and name.strip().casefold() == account.casefold()
    ]
    if len(found) == 1:
        return found[0]
    if not source:
        which = "several platforms have it" if found else "no platform has it yet"
        raise Unreadable(account, f"an account of one platform ({which}): name the platform in a column «Площадка»")
    return source, account
