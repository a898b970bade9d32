"""Yandex Direct as a day source: one report per login and period, answered day by day.

    report per login ─▶ figures ─▶ the ads, groups and campaigns behind them ─▶ landings as of each day ─▶ days

Belongs here: the order of these steps, periods and their halves, the vendor's horizon. Does not: protocol, shapes,
columns, tags.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

import pyarrow as pa

from zakaz_dagster.errors import BadData, Fatal, ShapeChanged
from zakaz_dagster.parsing.cities import CityIndex
from zakaz_dagster.sources.base import DayRead
from zakaz_dagster.sources.yandex_direct import campaigns, history, landing_join, rows
from zakaz_dagster.sources.yandex_direct.api import DirectApi
from zakaz_dagster.sources.yandex_direct.catalogue import Catalogue
from zakaz_dagster.sources.yandex_direct.description import DESCRIPTION, HISTORY_YEARS
from zakaz_dagster.sources.yandex_direct.errors import ReportTooLarge, request_id
from zakaz_dagster.sources.yandex_direct.landings import Lander
from zakaz_dagster.sources.yandex_direct.records import SOURCE
from zakaz_dagster.sources.yandex_direct.request import MOST_ROWS, ReportRequest
from zakaz_dagster.sources.yandex_direct.tsv import Truncated, read_report
from zakaz_dagster.timezone import MOSCOW, bounds
from zakaz_dagster.transport.client import Download
from zakaz_dagster.transport.stats import Stats

Held = Callable[[], Mapping[str, pa.Table]]


class Changed(NamedTuple):
    """Days whose figures were corrected, and the moment to ask from the next time."""

    days: list[date]
    cursor: datetime


class DirectSource:
    """All logins. `now` is the present moment (aware); `held` gives the dimension tables as stored before, if any.

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
        held: Held = dict,
    ) -> None:
        self.api = api
        self._logins = list(logins)
        self._now = now
        self._micros = micros
        self._held = held
        self._lander = Lander(cities)
        self._catalogues = {login: Catalogue(api, login) for login in self._logins}
        self._history: history.History | None = None

    @property
    def requests(self) -> int:
        return self.api.stats.requests

    @property
    def stats(self) -> Stats:
        return self.api.stats

    def read(self, first: date, last: date) -> Iterator[DayRead]:
        """Every day of first..last (Moscow), ascending; a day without rows is the vendor's word that it had none."""
        asked_at = self._now().astimezone(MOSCOW)
        check_range(first, last, asked_at.date())
        for period, figures in self._periods(self._request(first, last, asked_at)):
            days = self._landed(rows.in_day_order(figures), asked_at)
            yield from _days(period, days, rows.totals(figures), asked_at)

    def dimensions(self) -> Mapping[str, pa.Table]:
        """Rows of the dimension tables to insert: new objects, new landings, changed names and states."""
        if self._history is None:
            self._look_around()
        found = campaigns.rows_of(self._catalogues, self._held())
        return {history.TABLE: self._known().changed(), campaigns.TABLE: found}

    def changed_days(self, since: datetime) -> Changed:
        """The past days that Direct corrected after `since`: of every campaign from its border to yesterday."""
        today = self._now().astimezone(MOSCOW).date()
        days: set[date] = set()
        cursors = []
        for login in self._logins:
            ids = [campaign.id for campaign in self.api.campaigns(login)]
            answer = self.api.corrected(login, ids, since)
            cursors.append(answer.timestamp)
            for border in answer.borders.values():
                start = max(border, oldest_day(today))
                days |= {start + timedelta(days=n) for n in range((today - start).days)}
        return Changed(sorted(days), min(cursors, default=since))

    def _look_around(self) -> None:
        asked_at = self._now().astimezone(MOSCOW)
        last = asked_at.date() - timedelta(days=1)
        first = last - timedelta(days=DESCRIPTION.trailing_days)
        for _, figures in self._periods(self._request(first, last, asked_at)):
            self._observe(landing_join.Objects(figures), asked_at)

    def _request(self, first: date, last: date, asked_at: datetime) -> ReportRequest:
        return ReportRequest(first, last, edition=f"{asked_at:%Y%m%d%H%M%S%f}", micros=self._micros)

    def _periods(self, request: ReportRequest) -> Iterator[tuple[ReportRequest, pa.Table]]:
        """The period with all logins' figures; in halves where the vendor or its row limit cannot take it whole."""
        try:
            tables = [rows.figures(self._report(login, request), login) for login in self._logins]
        except ReportTooLarge:
            if request.first == request.last:
                raise
            for half in request.halves:
                yield from self._periods(half)
        else:
            yield request, pa.concat_tables(tables).unify_dictionaries()

    def _report(self, login: str, request: ReportRequest) -> pa.Table:
        """The checked table of one login; one that came short is fetched a second time under the same name."""
        try:
            return self._table(login, request)
        except Truncated:
            return self._table(login, request)

    def _table(self, login: str, request: ReportRequest) -> pa.Table:
        with self.api.report(login, request) as download:
            try:
                table = read_report(download.file, micros=request.micros, summary=request.summary)
                _check_answer(table, request)
            except BadData as bad:
                raise _of_request(bad, login, request, download) from None
            except ShapeChanged as changed:
                raise _of_request(changed, login, request, download) from None
        if table.num_rows >= MOST_ROWS:
            words = f"the report has {table.num_rows} rows, the most a report can have"
            raise ReportTooLarge(words, source=SOURCE, day=_asked(login, request))
        return table

    def _landed(self, figures: pa.Table, asked_at: datetime) -> landing_join.Landed:
        """The figures and what their clicks carried, once every object in them was looked up."""
        objects = landing_join.Objects(figures)
        self._observe(objects, asked_at)
        return objects.land(self._known())

    def _observe(self, objects: landing_join.Objects, asked_at: datetime) -> None:
        day = history.seen_on(asked_at)
        for login, catalogue in self._catalogues.items():
            for clicked in catalogue.learn(objects.of(login)):
                version = history.version(login, clicked, self._lander.of(clicked), catalogue.ads.get(clicked.ad_id))
                self._known().observe(version, day, known=catalogue.knows(clicked))

    def _known(self) -> history.History:
        if self._history is None:
            held = self._held().get(history.TABLE)
            self._history = history.History(history.Version.all_of(held) if held is not None else ())
        return self._history


def oldest_day(today: date) -> date:
    """Direct counts its three years from the first day of the current month."""
    return date(today.year - HISTORY_YEARS, today.month, 1)


def check_range(first: date, last: date, today: date) -> None:
    oldest = oldest_day(today)
    if first < oldest:
        raise Fatal(
            f"Direct keeps statistics of the last three years only, today that is from {oldest}",
            source=SOURCE,
            day=first,
            next_step=f"ask for days from {oldest}; load older ones from an exported report (`zakaz import`)",
        )
    if last > today:
        raise Fatal(f"the day has not begun in Moscow, where it is {today}", source=SOURCE, day=last)


def _check_answer(table: pa.Table, request: ReportRequest) -> None:
    """Exactly the fields that were asked for, and no day outside the period."""
    if tuple(table.column_names) != request.fields:
        raise ShapeChanged(
            f"the columns are {', '.join(table.column_names)}",
            expected=", ".join(request.fields),
            next_step="nothing was loaded; compare with the vendor's change log",
        )
    strangers = set(table["Date"].unique().to_pylist()) - set(_calendar(request.first, request.last))
    if strangers:
        days = ", ".join(sorted("no date" if day is None else str(day) for day in strangers)[:3])
        raise BadData(
            f"rows of {days} came",
            expected=f"days {request.first} to {request.last}",
            next_step="nothing was changed; run it again",
        )


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


def _days(
    period: ReportRequest, days: landing_join.Landed, totals: Mapping[date, Mapping[str, Any]], asked_at: datetime
) -> Iterator[DayRead]:
    for day, table in days.by_day(_calendar(period.first, period.last)):
        sums = dict(totals.get(day, rows.NOTHING))
        received = sums.pop("rows")
        ends = bounds(day)[1]
        yield DayRead(
            day=day,
            tables={rows.TABLE: table},
            received=received,
            accepted=received,
            covered_until=min(ends, asked_at).isoformat(),
            totals=sums,
        )


def _calendar(first: date, last: date) -> list[date]:
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]
