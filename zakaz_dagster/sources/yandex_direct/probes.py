"""Read-only questions to the live API whose answers the documentation leaves open (`zakaz doctor --live`).

Belongs here: one question, one line of answer; a question that fails says so and the next is asked. Does not: verdicts,
the loader works either way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import partial

import pyarrow.compute as pc

from zakaz_dagster.errors import Failure
from zakaz_dagster.sources.yandex_direct.api import DirectApi
from zakaz_dagster.sources.yandex_direct.request import AD_FIELDS, ReportRequest
from zakaz_dagster.sources.yandex_direct.tsv import find_frame, read_report

Fact = tuple[str, str]


def facts(api: DirectApi, logins: Sequence[str], now: datetime) -> Iterator[Fact]:
    """(question, answer) pairs for every login; `now` is aware, its date the Moscow one."""
    for login in logins:
        questions: dict[str, Callable[[], str]] = {
            "campaigns": partial(_campaigns, api, login),
            "points": partial(_points, api, login),
            "currency": partial(_currency, api, login),
            "report of yesterday": partial(_report, api, login, now),
            "reports of v5 and v501": partial(_versions, api, login, now),
            "corrections of the last day": partial(_corrections, api, login, now),
        }
        for question, ask in questions.items():
            try:
                yield f"{login}: {question}", ask()
            except Failure as failure:
                yield f"{login}: {question}", f"not answered: {failure.what}"


def _campaigns(api: DirectApi, login: str) -> str:
    found = api.campaigns(login).items
    kinds = sorted({campaign.type for campaign in found})
    tracked = sum(bool(campaign.tracking) for campaign in found)
    return f"{len(found)} ({', '.join(kinds) or 'none'}); {tracked} with parameters of their own"


def _points(api: DirectApi, login: str) -> str:
    units = api.units.get(login)
    return f"{units.left} of {units.daily} left" if units else "the vendor does not say"


def _report(api: DirectApi, login: str, now: datetime) -> str:
    """The fields as the vendor names them back, how the table began and ended, and how it came."""
    yesterday: date = now.date() - timedelta(days=1)
    before = api.stats.requests
    with api.report(login, ReportRequest(yesterday, yesterday, edition=f"probe {now.isoformat()}")) as download:
        frame = find_frame(download.file)
        missing = [name for name in AD_FIELDS if name not in frame.columns]
        units = download.response.headers.get("Units", "not sent")
    fields = f"without {', '.join(missing)}" if missing else "all fields"
    title = "with a title line" if frame.first_line > 2 else "without a title line"  # noqa: PLR2004  names, then data
    return f"{frame.total} rows, {fields}, {title}; {api.stats.requests - before} requests; Units {units}"


def _currency(api: DirectApi, login: str) -> str:
    return ", ".join(sorted({campaign.currency or "not named" for campaign in api.campaigns(login).items})) or "unknown"


def _versions(api: DirectApi, login: str, now: datetime) -> str:
    """Whether the older version of Reports leaves anything out: the same report by both."""
    yesterday: date = now.date() - timedelta(days=1)
    sums = {}
    for version in ("v5", "v501"):
        request = ReportRequest(yesterday, yesterday, edition=f"probe {version} {now.isoformat()}")
        with api.report(login, request, version) as download:
            table = read_report(download.file, micros=False, summary=True).table
        sums[version] = (table.num_rows, pc.sum(table["Cost"]).as_py() or Decimal(0))
    (old, cost), (new, new_cost) = sums["v5"], sums["v501"]
    if sums["v5"] == sums["v501"]:
        return f"equal: {old} rows, {cost} roubles; DIRECT_REPORTS_VERSION may be either"
    return f"v5 {old} rows, {cost} roubles, v501 {new} rows, {new_cost}: set DIRECT_REPORTS_VERSION to the larger"


def _corrections(api: DirectApi, login: str, now: datetime) -> str:
    ids = [campaign.id for campaign in api.campaigns(login).items]
    answer = api.corrected(login, ids, now - timedelta(days=1))
    if not answer.borders:
        return "none"
    return f"{len(answer.borders)} campaigns, back to {min(answer.borders.values())}"
