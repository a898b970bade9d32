"""A hand-exported report as a day source, so that it is loaded like any other: for periods the API no longer holds.

Belongs here: which days a file may replace, and the landings its rows get. Does not: the file's dialect (`exports`).
A day in the warehouse holds every login, a file one: the other logins' rows are handed in and go back with it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import pyarrow as pa

from zakaz_dagster.errors import BadData
from zakaz_dagster.parsing.cities import CityIndex
from zakaz_dagster.sources.base import DayRead, Reject
from zakaz_dagster.sources.yandex_direct import history, landing_join, rows
from zakaz_dagster.sources.yandex_direct.landings import Clicked, Lander
from zakaz_dagster.sources.yandex_direct.records import SOURCE
from zakaz_dagster.transport.stats import Stats

Others = Callable[[date], pa.Table]


class ImportedReport:
    """One login's table of a file. `held` are the landings known from the API; rows of other ads have their names only.

    `rejects` belong to the file as a whole, as their day may be what cannot be read: they go with its first day.
    """

    def __init__(
        self,
        table: pa.Table,
        rejects: Sequence[Reject],
        login: str,
        cities: CityIndex,
        *,
        held: pa.Table,
        others: Others,
    ) -> None:
        self._figures = rows.figures(table, login)
        self.stats = Stats()  # a file is read without a request
        self._login = login
        self._rejects = list(rejects)
        self._lander = Lander(cities)
        self._history = history.History(history.Version.all_of(held))
        self._others = others

    @property
    def days(self) -> list[date]:
        return sorted(set(self._figures["date"].to_pylist()))

    @property
    def stretches(self) -> list[tuple[date, date]]:
        """First and last of every run of consecutive days; a day that is not in the file is not touched."""
        found: list[tuple[date, date]] = []
        for day in self.days:
            if found and found[-1][1] == day - timedelta(days=1):
                found[-1] = (found[-1][0], day)
            else:
                found.append((day, day))
        return found

    def refuse_days_from(self, oldest: date) -> None:
        """What the API still holds comes from the API, which corrects itself."""
        late = [day for day in self.days if day >= oldest]
        if late:
            raise BadData(
                f"the file has {len(late)} days that the API still holds, from {late[0]}",
                source=SOURCE,
                expected=f"days before {oldest}",
                next_step="load those days by a backfill, or say --force to take the file's word for them",
            )

    def read(self, first: date, last: date) -> Iterator[DayRead]:
        said = rows.totals(self._figures)
        calendar = [first + timedelta(days=n) for n in range((last - first).days + 1)]
        for day, cut in self._landed(rows.in_day_order(self._figures)).by_day(calendar):
            plain = cut.cast(pa.schema([(field.name, _plain(field.type)) for field in cut.schema]))
            others = self._others(day).select(plain.column_names).cast(plain.schema)
            received = int(said[day]["rows"])
            rejects, self._rejects = self._rejects, []
            yield DayRead(
                day=day,
                tables={rows.TABLE: pa.concat_tables([plain, others])},
                received=received + len(rejects),
                accepted=received,
                rejects=rejects,
                covered_until=f"{day + timedelta(days=1)}T00:00:00+03:00",
                totals=_together(said[day], rows.totals(others).get(day, rows.NOTHING)),
            )

    def _landed(self, figures: pa.Table) -> landing_join.Landed:
        objects = landing_join.Objects(figures)
        for named in objects.of(self._login):
            clicked = Clicked(**{name: value for name, value in named.items() if name != "account"})
            seen = history.version(self._login, clicked, self._lander.of(clicked))
            self._history.observe(seen, self.days[0], known=False)
        return objects.land(self._history)


def _together(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """The day's control sums: what the file says, and what the other logins had."""
    return {name: value + other[name] for name, value in one.items() if name != "rows"}


def _plain(kind: pa.DataType) -> pa.DataType:
    return kind.value_type if pa.types.is_dictionary(kind) else kind
