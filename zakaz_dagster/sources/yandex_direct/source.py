"""Yandex Direct as a day source: one report per login and period, answered day by day.

    campaigns of each login ─▶ report per login ─▶ figures ─▶ the objects behind them ─▶ landings as of each day ─▶ days

A login that was not read stops no other: its days keep the rows of its last good load and are said to be so.
Belongs here: the order of these steps, periods and their halves, the vendor's horizon. Does not: protocol, shapes,
columns, tags.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property, partial
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from zakaz_dagster.errors import BadData, ShapeChanged
from zakaz_dagster.parsing.cities import CityIndex
from zakaz_dagster.sources.base import DayRead, Reject, check_range, refuse_changed_shape
from zakaz_dagster.sources.tables import by_day, in_day_order, rows_of
from zakaz_dagster.sources.versions import Versions, new_rows
from zakaz_dagster.sources.yandex_direct import landing_join, rows
from zakaz_dagster.sources.yandex_direct.api import DirectApi
from zakaz_dagster.sources.yandex_direct.description import ADS, CAMPAIGNS, DESCRIPTION, TABLE, oldest_day
from zakaz_dagster.sources.yandex_direct.dimensions import AD, ad_row, campaign_rows, reread, seen_on
from zakaz_dagster.sources.yandex_direct.errors import ReportTooLarge, request_id
from zakaz_dagster.sources.yandex_direct.landings import Lander
from zakaz_dagster.sources.yandex_direct.logins import Aside, Logins, again, of_login, owner
from zakaz_dagster.sources.yandex_direct.odd_rows import day_of
from zakaz_dagster.sources.yandex_direct.records import SOURCE
from zakaz_dagster.sources.yandex_direct.request import MOST_ROWS, ReportRequest
from zakaz_dagster.sources.yandex_direct.tsv import Report, Truncated, read_report
from zakaz_dagster.timezone import MOSCOW, bounds, days_between
from zakaz_dagster.transport.client import Download
from zakaz_dagster.transport.log import Stats

Stored = Callable[[], Mapping[str, pa.Table]]
Earlier = Callable[[date, date, Collection[str]], pa.Table]


class Changed(NamedTuple):
    """Days whose figures were corrected, and the moment to ask from the next time."""

    days: list[date]
    cursor: datetime


@dataclass
class Period:
    """What the logins' reports say of a period, and the rows that were put aside, by login."""

    asked: ReportRequest
    figures: pa.Table
    odd: Mapping[str, Sequence[Reject]]

    @cached_property
    def days(self) -> list[date]:
        return days_between(self.asked.first, self.asked.last)

    @cached_property
    def _span(self) -> set[str]:
        return {str(each) for each in self.days}

    def odd_of(self, day: date) -> Iterator[Reject]:
        """Odd rows of a day; a row whose day cannot be read counts for the first one."""
        for login, rejects in self.odd.items():
            for odd in rejects:
                said = day_of(odd)
                if said == str(day) or (said not in self._span and day == self.asked.first):
                    yield of_login(login, odd)


class DirectSource:
    """All logins. `now` is the present moment (aware); `stored` gives the dimension tables as stored before, if any.

    `earlier(first, last, accounts)` gives the rows of the fact table as they stand, of all but these accounts;
    `aside(first, last)` what was put aside of these days.
    `dimensions()` has the dimension rows that are new or changed, to be stored by plain insert: of the objects that
    `read` met so far, or when nothing was read yet, of those that had figures in the trailing days.
    """

    def __init__(
        self,
        api: DirectApi,
        cities: CityIndex,
        *,
        logins: Sequence[str],
        now: Callable[[], datetime],
        micros: bool = False,
        stored: Stored = dict,
        earlier: Earlier | None = None,
        aside: Aside = lambda _first, _last: (),
    ) -> None:
        self.api = api
        self._now = now
        self._micros = micros
        self._stored = stored
        self._earlier = earlier
        self._aside = aside
        self._lander = Lander(cities)
        self._logins = Logins(api, logins)
        self._versions: Versions | None = None

    @property
    def stats(self) -> Stats:
        return self.api.stats

    def read(self, first: date, last: date) -> Iterator[DayRead]:
        """Every day of first..last (Moscow days, both inclusive), ascending; money in roubles with VAT.

        A day without rows is the vendor's word that it had none. Raises Retriable (network, limits, points, a queue),
        Fatal (token, no login can be read, a day that Direct does not keep) or BadData (a table that is not whole).
        """
        asked_at = self._now().astimezone(MOSCOW)
        older = "load older days from an exported report (`zakaz import`)"
        check_range(SOURCE, first, last, oldest=oldest_day(asked_at.date()), today=asked_at.date(), older=older)
        for period in self._periods(self._request(first, last, asked_at)):
            period.figures = in_day_order(period.figures)
            self._observe(period.figures, asked_at)
            yield from self._days(period, asked_at)

    def dimensions(self) -> Mapping[str, pa.Table]:
        """Rows of the dimension tables to insert: new objects, new landings, changed names and states."""
        if self._versions is None:
            self._look_around()
        campaigns = new_rows(campaign_rows(self._logins.catalogues), self._stored().get(CAMPAIGNS))
        return {ADS: self._known().changed(), CAMPAIGNS: campaigns}

    def changed_days(self, since: datetime) -> Changed:
        """The past days that Direct corrected after `since`: of every campaign from its border to yesterday.

        Asked for are the campaigns that are listed, and those that reports named before: of the wizard none is listed.
        """
        named = self._stored().get(ADS)
        reported = set(rows_of(named, ("account", "campaign_id"))) if named is not None else set()
        today = self._now().astimezone(MOSCOW).date()
        days: set[date] = set()
        cursors = []
        for login in self._logins.readable():
            asked = {*self._logins.catalogues[login].campaigns, *(id_ for account, id_ in reported if account == login)}
            answer = self.api.corrected(login, sorted(asked), since)
            cursors.append(answer.timestamp)
            for border in answer.borders.values():
                days |= set(days_between(max(border, oldest_day(today)), today - timedelta(days=1)))
        return Changed(sorted(days), min(cursors, default=since))

    def _look_around(self) -> None:
        asked_at = self._now().astimezone(MOSCOW)
        last = asked_at.date() - timedelta(days=1)
        first = last - timedelta(days=DESCRIPTION.trailing_days)
        for period in self._periods(self._request(first, last, asked_at)):
            self._observe(period.figures, asked_at)

    def _request(self, first: date, last: date, asked_at: datetime) -> ReportRequest:
        return ReportRequest(first, last, edition=f"{asked_at:%Y%m%d%H%M%S%f}", micros=self._micros)

    def _periods(self, request: ReportRequest) -> Iterator[Period]:
        """The period with all logins' figures; in halves where the vendor or its row limit cannot take it whole."""
        reports: dict[str, Report] = {}
        try:
            for login in self._logins.readable():
                report = self._logins.read_or_note(login, partial(self._in_roubles, login, request))
                if report is not None:
                    reports[login] = report
        except ReportTooLarge:
            if request.first == request.last:
                raise
            for half in request.halves:
                yield from self._periods(half)
        else:
            tables = [rows.figures(report.table, login) for login, report in reports.items()]
            figures = pa.concat_tables(tables).unify_dictionaries()
            self._logins.refuse_one_twice(figures)
            odd = {self._logins.shown(login): report.rejects for login, report in reports.items()}
            yield Period(request, figures, odd)

    def _in_roubles(self, login: str, request: ReportRequest) -> Report:
        """The report of a login whose money is known to be in roubles."""
        report = self._report(login, request)
        cost, campaigns = report.table["Cost"], pc.fill_null(report.table["CampaignId"], 0)
        spending = pc.unique(campaigns.filter(pc.not_equal(cost, pa.scalar(0, cost.type))))
        self._logins.catalogues[login].prove_roubles(spending.to_pylist())
        return report

    def _report(self, login: str, request: ReportRequest) -> Report:
        """The checked table of one login; one that came short is fetched a second time under the same name."""
        try:
            return self._table(login, request)
        except Truncated:
            return self._table(login, request)

    def _table(self, login: str, request: ReportRequest) -> Report:
        with self.api.report(login, request) as download:
            try:
                share = self.api.odd_share
                report = read_report(download.file, micros=request.micros, summary=request.summary, odd_share=share)
                report = _of_period(report, request, share)
            except BadData as bad:
                raise _of_request(bad, login, request, download) from None
            except ShapeChanged as changed:
                raise _of_request(changed, login, request, download) from None
        if report.table.num_rows >= MOST_ROWS:
            words = f"the report has {report.table.num_rows} rows, the most a report can have"
            raise ReportTooLarge(words, source=SOURCE, day=_asked(login, request))
        return report

    def _observe(self, figures: pa.Table, asked_at: datetime) -> None:
        """Look up every object of the figures; one that Direct no longer knows changes nothing that is stored."""
        objects = landing_join.objects_in(figures)
        versions = self._known()
        for login, catalogue in self._logins.catalogues.items():
            clicks = catalogue.learn(each for each in objects if each["account"] == login)
            reread(versions, self._lander, [(login, *clicked[:3]) for clicked in clicks])
            seen = [
                ad_row(login, clicked, self._lander.of(clicked), catalogue.ads.get(clicked.ad_id))
                for clicked in clicks
                if catalogue.knows(clicked) or (login, *clicked[:3]) not in versions
            ]
            versions.observe(seen, seen_on(asked_at))

    def _known(self) -> Versions:
        if self._versions is None:
            self._versions = Versions(AD, self._stored().get(ADS))
        return self._versions

    def _days(self, period: Period, asked_at: datetime) -> Iterator[DayRead]:
        sums, kept = rows.totals(period.figures), self._kept(period)
        about_objects = [odd for catalogue in self._logins.catalogues.values() for odd in catalogue.taken_rejects()]
        for day, table in landing_join.by_day(period.figures, self._known(), period.days):
            said: Mapping[str, Any] = sums.get(day, rows.NOTHING)
            rejects = [*self._logins.rejects(), *period.odd_of(day), *about_objects, *self._kept_aside(day, kept)]
            about_objects = []  # they have no day of their own
            whole, totals = rows.with_others(table, said, kept.get(day))
            yield DayRead(
                day=day,
                tables={TABLE: whole},
                received=said["rows"] + len(rejects),
                accepted=said["rows"],
                rejects=rejects,
                covered_until=min(bounds(day)[1], asked_at).isoformat(),
                totals=totals,
                kept=sorted(set(kept[day]["account"].to_pylist())) if day in kept else (),
            )

    def _kept(self, period: Period) -> Mapping[date, pa.Table]:
        """By day, stored rows of accounts that were not read now: what they spent was spent."""
        if self._earlier is None:
            return {}
        stored = self._earlier(period.asked.first, period.asked.last, self._logins.answered())
        return dict(by_day(in_day_order(self._logins.of_others(stored, period.figures)), period.days))

    def _kept_aside(self, day: date, kept: Mapping[date, pa.Table]) -> Iterator[Reject]:
        """Rows put aside beside the stored ones: where these stay, what is missing of them stays missing."""
        accounts = set(kept[day]["account"].to_pylist()) if day in kept else set()
        for odd in self._aside(day, day) if accounts else ():
            if owner(odd["place"]) in accounts and ", " in odd["place"]:
                yield again(odd)


def _of_period(report: Report, request: ReportRequest, odd_share: float) -> Report:
    """Exactly the fields that were asked for; rows of other days, or of none, are put aside."""
    if tuple(report.table.column_names) != request.fields:
        raise ShapeChanged(
            f"the columns are {', '.join(report.table.column_names)}",
            expected=", ".join(request.fields),
            next_step="nothing was loaded; compare with the vendor's change log",
        )
    days = days_between(request.first, request.last)
    inside = pc.is_in(report.table["Date"], pa.array(days, pa.date32()))
    if pc.all(inside).as_py() in {True, None}:
        return report
    others = report.table.filter(pc.invert(inside))
    odd = [
        Reject(f"a row of {row['Date'] or 'no date'}, which was not asked for", f"ad {row['AdId'] or '--'}", str(row))
        for row in others.to_pylist()
    ]
    rejects = [*report.rejects, *odd]
    received = report.table.num_rows + len(report.rejects)
    refuse_changed_shape(SOURCE, "the report", odd=rejects, received=received, share=odd_share)
    return Report(report.table.filter(inside), rejects)


def _of_request(failure: BadData | ShapeChanged, login: str, request: ReportRequest, download: Download) -> Any:
    """The failure, naming login, period and the id the vendor's support asks for."""
    return type(failure)(
        f"{failure.what} (request id {request_id(download.response) or 'unknown'})",
        source=SOURCE,
        day=_asked(login, request),
        expected=failure.expected,
        next_step=failure.next_step,
    )


def _asked(login: str, request: ReportRequest) -> str:
    return f"{login} {request.first}..{request.last}"
