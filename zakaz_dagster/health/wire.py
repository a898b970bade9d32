"""A look at everything as JSON: the document of `zakaz smoke`, the bodies of the health endpoints, and /metrics.

Belongs here: shapes, names of keys and metrics; `status`, `timestamp`, `checks.clickhouse` and `checks.data_freshness`
are the specification's. Does not: HTTP (`server`), the rules.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec

from zakaz_dagster.timezone import MOSCOW
from zakaz_dagster.verdicts import Status, Verdict, gravest, worst

if TYPE_CHECKING:  # the server of the endpoints needs neither the looking nor its 50 MB
    from zakaz_dagster.health.freshness import Freshness
    from zakaz_dagster.health.look import Look

Document = dict[str, Any]
DAGSTER = ("platform__dagster", "platform__daemons")
ALERTS = ("platform__alert_delivery", "platform__alert_store")


def document(look: Look, since: Mapping[str, datetime] | None = None) -> Document:
    """Everything about a look. `since` adds when open incidents began, where a verdict does not know it."""
    counts = Counter(verdict.status for verdict in look.verdicts)
    began = since or {}
    return {
        "status": worst(look.verdicts).value,
        "timestamp": stamp(look.at),
        "summary": {status.value: counts[status] for status in Status},
        "checks": [_verdict(verdict, began.get(verdict.name)) for verdict in look.verdicts],
        "data_freshness": {age.source: _freshness(age) for age in look.freshness},
    }


def verdicts(found: Document) -> list[Verdict]:
    """The verdicts of a document."""
    return msgspec.convert(found["checks"], list[Verdict])


def basic(found: Document) -> Document:
    """`/healthz`: the specification's sample, and Dagster beside ClickHouse; alerts where they reach nobody."""
    ages = {name: _sample(age) for name, age in found["data_freshness"].items()}
    checks = {"clickhouse": _status(found, "platform__clickhouse"), "dagster": _status(found, *DAGSTER)}
    if (alerts := _status(found, *ALERTS)) != Status.OK:
        checks["alerts"] = alerts
    status = gravest(*(Status(each) for each in (*checks.values(), *(age["status"] for age in ages.values()))))
    return _body(status, found, {**checks, "data_freshness": ages})


def fresh(found: Document) -> Document:
    """`/healthz/freshness`: the sources alone, with what there is to say about each."""
    ages = found["data_freshness"]
    status = gravest(_unknown(found), *(Status(age["status"]) for age in ages.values()))
    return _body(status, found, {"data_freshness": ages})


def detailed(found: Document) -> Document:
    """`/healthz/detailed`: everything."""
    checks = basic(found)["checks"]
    body = _body(Status(found["status"]), found, {**checks, "data_freshness": found["data_freshness"]})
    return {**body, "summary": found["summary"], "verdicts": found["checks"]}


def stamp(at: datetime) -> str:
    """`2026-11-22T12:00:00+03:00`."""
    return at.astimezone(MOSCOW).isoformat(timespec="seconds")


def _body(status: Status, found: Document, checks: Document) -> Document:
    return {"status": status.value, "timestamp": found["timestamp"], "checks": checks}


def _status(found: Document, *names: str) -> str:
    """The gravest status of these verdicts; a ClickHouse that was not looked at is not ok."""
    states = {each["name"]: Status(each["status"]) for each in found["checks"]}
    unseen = {"platform__clickhouse": Status.ERROR}
    return gravest(*(states.get(name, unseen.get(name, Status.OK)) for name in names)).value


def _unknown(found: Document) -> Status:
    """Without ClickHouse no source's freshness is known."""
    return Status.OK if found["data_freshness"] else Status(_status(found, "platform__clickhouse"))


def _sample(age: Document) -> Document:
    return {key: age[key] for key in ("status", "latest_date", "days_behind")}


def _freshness(age: Freshness) -> Document:
    return {
        "status": age.verdict.status.value,
        "latest_date": age.latest_date.isoformat() if age.latest_date else None,
        "days_behind": age.days_behind,
        "minutes_since_load": None if age.minutes_since_load is None else round(age.minutes_since_load, 1),
        "detail": age.verdict.detail,
        "action": age.verdict.action,
    }


def _verdict(verdict: Verdict, began: datetime | None) -> Document:
    since = verdict.since or began
    return {
        "name": verdict.name,
        "area": verdict.area,
        "status": verdict.status.value,
        "figure": verdict.figure,
        "threshold": verdict.threshold,
        "since": stamp(since) if since and verdict.status is not Status.OK else None,
        "detail": verdict.detail,
        "action": verdict.action,
        "assets": list(verdict.assets),
        "because": verdict.because,
        "link": verdict.link,
        **({"pending": True} if verdict.pending else {}),
    }


LEVELS = {"ok": 0, "warning": 1, "error": 2}
CHECK_METRICS = {
    "status": "status of one check: 0 ok, 1 warning, 2 error",
    "figure": "figure of one check, in the unit its detail names",
    "threshold": "threshold of one check",
}
SOURCE_METRICS = {
    "days_behind": "days from a source's newest data to today",
    "minutes_since_load": "minutes since a source's newest day was loaded",
}


def exposition(found: Document, age_seconds: float) -> str:
    """The text of /metrics: statuses as 0, 1, 2 beside their figures."""
    from prometheus_client import CollectorRegistry, Gauge, generate_latest

    registry = CollectorRegistry()
    Gauge("zakaz_status", "gravest status of all checks: 0 ok, 1 warning, 2 error", registry=registry).set(
        LEVELS[found["status"]]
    )
    Gauge("zakaz_verdicts_age_seconds", "seconds since these verdicts were reached", registry=registry).set(age_seconds)
    for key, about in CHECK_METRICS.items():
        gauge = Gauge(f"zakaz_check_{key}", about, ["name", "area"], registry=registry)
        for check in found.get("checks", ()):
            if check[key] is not None:
                gauge.labels(check["name"], check["area"]).set(LEVELS.get(check[key], check[key]))
    for key, about in SOURCE_METRICS.items():
        gauge = Gauge(f"zakaz_source_{key}", about, ["source"], registry=registry)
        for source, age in found.get("data_freshness", {}).items():
            if age[key] is not None:
                gauge.labels(source).set(age[key])
    return generate_latest(registry).decode()
