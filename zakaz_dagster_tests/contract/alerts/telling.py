"""A moment, verdicts, and the kinds of mail that were sent."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from zakaz_dagster.verdicts import Status, Verdict

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def verdict(name="fact_x__agrees", status=Status.ERROR):
    return Verdict(name, "data", status, f"{name} {status}")


def ok(name="fact_x__agrees"):
    return verdict(name, Status.OK)


def kinds(mailbox):
    return [subject.split("—")[0].removeprefix("Zakaz: ").strip() for subject in mailbox.subjects]
