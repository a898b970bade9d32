"""One module knows the time zone of days."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from zakaz_dagster import timezone
from zakaz_dagster.paths import PROJECT_ROOT


def test_a_day_begins_and_ends_at_midnight_in_moscow():
    start, end = timezone.bounds(date(2026, 12, 31))
    assert (start.astimezone(UTC), end.astimezone(UTC)) == (
        datetime(2026, 12, 30, 21, tzinfo=UTC),
        datetime(2026, 12, 31, 21, tzinfo=UTC),
    )


@pytest.mark.parametrize(("hour", "day"), [(20, 26), (21, 27)])
def test_today_is_moscows(monkeypatch, hour, day):
    monkeypatch.setattr(timezone, "now", lambda: datetime(2026, 11, 26, hour, tzinfo=UTC))
    assert timezone.today() == date(2026, 11, day)


def test_nobody_else_makes_the_zone():
    others = [path for path in (PROJECT_ROOT / "zakaz_dagster").rglob("*.py") if path.name != "timezone.py"]
    assert [path.name for path in others if 'ZoneInfo("Europe/Moscow")' in path.read_text("utf-8")] == []
