"""Read-only questions to the live API whose answers the documentation leaves open (`zakaz doctor --live`).

Belongs here: one question, one line of answer; a question that fails says so and the next is asked. Does not: verdicts,
the loader works either way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, timedelta
from functools import partial

from zakaz_dagster.errors import Failure
from zakaz_dagster.sources.yandex_direct.api import DirectApi
from zakaz_dagster.sources.yandex_direct.request import AD_FIELDS, ReportRequest
from zakaz_dagster.sources.yandex_direct.tsv import find_frame

Fact = tuple[str, str]


def facts(api: DirectApi, logins: Sequence[str], now: datetime) -> Iterator[Fact]:
    """(question, answer) pairs for every login; `now` is aware, its date the Moscow one."""
    for login in logins:
        questions: dict[str, Callable[[], str]] = {
            "campaigns": partial(_campaigns, api, login),
            "points": partial(_points, api, login),
            "report of yesterday": partial(_report, api, login, now),
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


def _corrections(api: DirectApi, login: str, now: datetime) -> str:
    ids = [campaign.id for campaign in api.campaigns(login).items]
    answer = api.corrected(login, ids, now - timedelta(days=1))
    if not answer.borders:
        return "none"
    return f"{len(answer.borders)} campaigns, back to {min(answer.borders.values())}"
