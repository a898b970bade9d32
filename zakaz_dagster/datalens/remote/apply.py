"""The steps of a plan, done one after another; the state file is written after each.

Belongs here: talking to DataLens in the right order. Does not: deciding (`plan`), payloads (`build`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import datalens_sdk as sdk

from zakaz_dagster.datalens.model import Chart, Dashboard
from zakaz_dagster.datalens.remote import build
from zakaz_dagster.datalens.remote.client import rendered
from zakaz_dagster.datalens.remote.plan import Step
from zakaz_dagster.datalens.remote.state import Held, State
from zakaz_dagster.datalens.remote.wanted import Target, Wanted
from zakaz_dagster.errors import Fatal

PAGE = 100
SCOPES = {"connection": "connection", "dataset": "dataset", "chart": "widget", "dashboard": "dash"}


def revisions(client: Any, ids: Iterable[str]) -> dict[str, str]:
    """Which of these objects exist, and the published (or saved) revision of each."""
    known = sorted(ids)
    found: dict[str, str] = {}
    for at in range(0, len(known), PAGE):
        for entry in client.navigation.get_entries(ids=known[at : at + PAGE], page_size=PAGE):
            found[entry.id] = entry.published_id or entry.saved_id or ""
    return found


class Applier:
    """One run. `adopt` takes over objects of the same name instead of stopping at them."""

    def __init__(
        self, client: Any, dashboard: Dashboard, state: State, target: Target, password: str, *, adopt: bool = False
    ) -> None:
        self._client = client
        self._dashboard = dashboard
        self._state = state
        self._target = target
        self._password = password
        self._adopt = adopt
        self._location = sdk.EntryLocation.workbook(state.workbook)
        self._datasets: dict[str, Any] = {}

    def run(self, steps: Iterable[Step]) -> Iterator[Step]:
        """Do each step that changes something, and give it back when it is done."""
        for step in steps:
            if step.action == "delete":
                self._delete(step)
            elif step.action in ("create", "update") and step.wanted is not None:
                self._put(step.wanted, step.action == "create")
            else:
                continue
            yield step

    def _put(self, wanted: Wanted, create: bool) -> None:
        held = self._state.objects.get(wanted.key) if not create else None
        is_ours = held.is_ours if held else True
        identity = held.id if held else ""
        if create:
            try:
                identity = self._create(wanted)
            except sdk.ConflictError:
                if not self._adopt:
                    raise
                identity, is_ours = self._named(wanted), False
            # Known at once: whatever fails from here on, the next run finds the object as ours and finishes it.
            self._remember(wanted, identity, is_ours=is_ours, content={})
        if not create or not is_ours or wanted.kind == "dataset":
            self._update(wanted, identity)
        self._remember(wanted, identity, is_ours=is_ours, content=wanted.content)

    def _remember(self, wanted: Wanted, identity: str, *, is_ours: bool, content: dict[str, Any]) -> None:
        revision = revisions(self._client, [identity]).get(identity, "")
        self._state.objects[wanted.key] = Held(identity, wanted.kind, wanted.name, is_ours, revision, content)
        self._state.save()

    def _named(self, wanted: Wanted) -> str:
        for entry in self._client.navigation.get_entries(scope=SCOPES[wanted.kind], name=wanted.name):
            if (entry.name or "").rsplit("/", 1)[-1] == wanted.name and entry.workbook_id == self._state.workbook:
                return str(entry.id)
        raise Fatal(f"{wanted.kind} «{wanted.name}» exists, but not in this workbook", source="datalens")

    def _create(self, wanted: Wanted) -> str:
        match wanted.kind:
            case "connection":
                made = self._connection(
                    self._client.create.connection.clickhouse(name=wanted.name, location=self._location)
                )
                return str(made.build().id)
            case "dataset":
                return self._create_dataset(wanted)
            case "chart":
                return str(self._chart(self._client, wanted).build().id)
            case _:
                return str(self._board(self._client).build().id)

    def _connection(self, builder: Any) -> Any:
        given = self._target
        builder.host(given.host).port(given.port).username(given.user).password(self._password).db_name(given.database)
        builder.secure("on" if given.secure else "off").readonly(2).raw_sql_level("off")
        return builder.cache_ttl_sec(self._dashboard.spec.connection.cache_ttl_seconds)

    def _create_dataset(self, wanted: Wanted) -> str:
        model = self._dashboard.datasets[_own(wanted)]
        connection = self._client.get.connection(by_id=self._id("connection"))
        source = self._client.create.source(using=connection).ch_table(alias=model.view, **self._table(model.view))
        made = self._client.create.dataset(name=wanted.name, location=self._location).sources(
            [source.build(strict=True)]
        )
        return str(made.description(model.about).build().id)

    def _table(self, view: str) -> dict[str, str]:
        return {"db_name": self._target.database, "table_name": view}

    def _shape(self, wanted: Wanted, identity: str) -> None:
        model = self._dashboard.datasets[_own(wanted)]
        held = self._client.get.dataset(by_id=identity)
        update = build.shape_dataset(held, model, self._table(model.view))
        update.name(wanted.name).description(model.about).mode("publish").execute()
        self._datasets.pop(model.key, None)

    def _update(self, wanted: Wanted, identity: str) -> None:
        """Charts and the dashboard are replaced whole, so that what somebody added by hand does not stay behind."""
        match wanted.kind:
            case "connection":
                self._update_connection(identity)
            case "dataset":
                self._shape(wanted, identity)
            case "chart":
                held = self._client.get.wizard_chart(by_id=identity)
                body = rendered(lambda client: self._chart(client, wanted))
                snapshot = _replaced(held.response_snapshot, body)
                replace = self._client.raw.replace.wizard_chart(target=held, response_snapshot=snapshot)
                replace.mode("publish").execute()
            case _:
                held = self._client.get.dashboard(by_id=identity)
                body = rendered(self._board)
                snapshot = _replaced(held.response_snapshot, body)
                self._client.raw.replace.dashboard(target=held, response_snapshot=snapshot).mode("publish").execute()
        self._rename(wanted, identity)

    def _update_connection(self, identity: str) -> None:
        given = self._target
        update = self._client.get.connection(by_id=identity).update
        update.set("host", given.host).set("port", given.port).set("username", given.user).set(
            "db_name", given.database
        )
        update.set("password", self._password).set("secure", "on" if given.secure else "off")
        update.set("cache_ttl_sec", self._dashboard.spec.connection.cache_ttl_seconds).execute()

    def _rename(self, wanted: Wanted, identity: str) -> None:
        held = self._state.objects.get(wanted.key)
        if held is not None and held.name != wanted.name and wanted.kind in ("connection", "chart"):
            getter = self._client.get.connection if wanted.kind == "connection" else self._client.get.wizard_chart
            getter(by_id=identity).rename(wanted.name)

    def _chart(self, client: Any, wanted: Wanted) -> Any:
        model = self._model_of(wanted)
        return build.chart(client, model, self._dataset(model.dataset.key), self._location)

    def _model_of(self, wanted: Wanted) -> Chart:
        pages = {page.key: page for page in self._dashboard.pages}
        page, _, key = _own(wanted).partition(".")
        return next(chart for chart in pages[page].charts if chart.key == key)

    def _board(self, client: Any) -> Any:
        charts = {
            key.removeprefix("chart/"): held.id for key, held in self._state.objects.items() if held.kind == "chart"
        }
        datasets = {key: self._dataset(key) for key in self._dashboard.datasets}
        return build.dashboard(client, self._dashboard, datasets, charts, self._location)

    def _dataset(self, key: str) -> Any:
        if key not in self._datasets:
            self._datasets[key] = self._client.get.dataset(by_id=self._id(f"dataset/{key}"))
        return self._datasets[key]

    def _id(self, key: str) -> str:
        return self._state.objects[key].id

    def _delete(self, step: Step) -> None:
        held = self._state.objects[step.key]
        if not held.is_ours:
            raise Fatal(f"{held.kind} «{held.name}» was not made here and is not deleted", source="datalens")
        getters = {"chart": "wizard_chart"}
        getattr(self._client.get, getters.get(held.kind, held.kind))(by_id=held.id).delete()
        del self._state.objects[step.key]
        self._state.save()


def _own(wanted: Wanted) -> str:
    return wanted.key.partition("/")[2]


def _replaced(snapshot: Any, body: dict[str, Any]) -> dict[str, Any]:
    """The server's snapshot of an object with the content that a fresh one would have."""
    fresh = body.get("entry", body)
    entry = snapshot.get("entry", snapshot)
    content = {**entry, **{part: fresh[part] for part in ("data", "annotation", "meta") if fresh.get(part) is not None}}
    return {**snapshot, "entry": content} if "entry" in snapshot else content
