"""A hand-exported report as a day source, so that it is loaded like any other: for periods the API no longer holds.

Belongs here: which days a file may replace, and the landings its rows get. Does not: the file's dialect (`exports`).
A day in the warehouse holds every login, a file one: what stands of the others, rows and rejects, is handed in and goes
back with it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta

import pyarrow as pa
import pyarrow.compute as pc

from zakaz_dagster.errors import BadData, ConfigFault
from zakaz_dagster.parsing.cities import CityIndex
from zakaz_dagster.redaction import presentable
from zakaz_dagster.sources.base import DayRead, Reject
from zakaz_dagster.sources.tables import in_day_order, rows_of, table_of
from zakaz_dagster.sources.versions import Versions
from zakaz_dagster.sources.yandex_direct import landing_join, rows
from zakaz_dagster.sources.yandex_direct.description import CAMPAIGNS
from zakaz_dagster.sources.yandex_direct.dimensions import AD, SCHEMAS, ad_row, reread
from zakaz_dagster.sources.yandex_direct.landings import Clicked, Lander
from zakaz_dagster.sources.yandex_direct.logins import Aside, again, of_login, owner
from zakaz_dagster.sources.yandex_direct.records import SOURCE
from zakaz_dagster.sources.yandex_direct.source import Earlier
from zakaz_dagster.timezone import bounds, days_between
from zakaz_dagster.transport.log import Stats


class ImportedReport:
    """One login's table of a file. `stored` are landings known from the API; rows of other ads have their names only.

    `rejects` belong to the file as a whole, as their day may be what cannot be read: they go with its first day.
    """

    def __init__(
        self,
        table: pa.Table,
        rejects: Sequence[Reject],
        login: str,
        cities: CityIndex,
        *,
        stored: pa.Table,
        earlier: Earlier,
        aside: Aside = lambda _first, _last: (),
    ) -> None:
        self._figures = rows.figures(table, login)
        self._objects = landing_join.objects_in(self._figures)
        self.stats = Stats()  # a file is read without a request
        self._login = login
        self._rejects = [of_login(login, odd) for odd in rejects]
        self._lander = Lander(cities)
        self._versions = Versions(AD, stored)
        self._earlier = earlier
        self._aside = aside

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

    def refuse_days_before(self, start: date) -> None:
        """The platform has no partition for them: they would be loaded and never shown."""
        early = [day for day in self.days if day < start]
        if early:
            raise ConfigFault(
                f"the file has {len(early)} days before the first one that is built, from {early[0]}",
                source=SOURCE,
                expected=f"days from {start} on (ZAKAZ_START_DATE)",
                next_step=f"nothing was loaded; set ZAKAZ_START_DATE to {early[0]}, restart Dagster, import again",
            )

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

    def refuse_one_twice(self) -> None:
        """A campaign belongs to one advertiser: stored under another login, the file would be the same money again."""
        named = self._figures.filter(pc.not_equal(self._figures["campaign_id"], 0))["campaign_id"]
        for first, last in self.stretches:
            others = self._earlier(first, last, [self._login])
            for row in others.filter(pc.is_in(others["campaign_id"], named.combine_chunks())).slice(0, 1).to_pylist():
                campaign, login = row["campaign_id"], row["account"]
                raise BadData(
                    f"campaign {campaign} of the file stands under the login {login} on {row['date']}: one advertiser",
                    source=SOURCE,
                    expected="one login for an advertiser",
                    next_step=f"nothing was loaded; import it with --login {login}, or delete that login's rows",
                )

    def campaigns(self, stored: pa.Table) -> pa.Table:
        """Campaigns that only the file names; of those that Direct told, it changes nothing."""
        known = {(self._login, 0), *rows_of(stored, ("account", "campaign_id"))}
        named = {(each["account"], each["campaign_id"]): each["campaign_name"] for each in self._objects}
        found = [(*key, name, "", "", "") for key, name in sorted(named.items()) if key not in known]
        return table_of(found, SCHEMAS[CAMPAIGNS])

    def read(self, first: date, last: date) -> Iterator[DayRead]:
        said = rows.totals(self._figures)
        self._observe()
        for day, table in landing_join.by_day(in_day_order(self._figures), self._versions, days_between(first, last)):
            received = int(said[day]["rows"])
            rejects, self._rejects = [*self._rejects, *self._others_aside(day)], []
            whole, totals = rows.with_others(table, said[day], self._earlier(day, day, [self._login]))
            yield DayRead(
                day=day,
                tables={rows.TABLE: whole},
                received=received + len(rejects),
                accepted=received,
                rejects=rejects,
                covered_until=bounds(day)[1].isoformat(),
                totals=totals,
            )

    def _others_aside(self, day: date) -> Iterator[Reject]:
        """What was put aside of the other logins on a day is still missing."""
        own = owner(presentable(f"login {self._login}"))
        for odd in self._aside(day, day):
            if owner(odd["place"]) not in ("", own):
                yield again(odd)

    def _observe(self) -> None:
        """Landings of ads that are not known yet; what is stored is not changed by a file."""
        clicks = [
            Clicked(**{name: value for name, value in named.items() if name != "account"}) for named in self._objects
        ]
        reread(self._versions, self._lander, [(self._login, *clicked[:3]) for clicked in clicks])
        seen = [
            ad_row(self._login, clicked, self._lander.of(clicked))
            for clicked in clicks
            if (self._login, *clicked[:3]) not in self._versions
        ]
        self._versions.observe(seen, lambda _row, _newest: self.days[0])
