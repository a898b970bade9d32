"""Everything that an installation does: good days, days on which everybody repeats what he was sent, what people run.

Belongs here: what is run. Does not: the installation (`world`), what is searched.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from unittest import mock

from zakaz_dagster import resources, timezone
from zakaz_dagster.defs.operations import audit
from zakaz_dagster.health.look import Depth, Watch
from zakaz_dagster.health.wire import detailed, document, exposition
from zakaz_dagster.resources import watch
from zakaz_dagster.settings import Settings
from zakaz_dagster_tests.canaries.world import JOBS, MAIL, NAME, ODD, OUTSIDE, PHONE, Installation, canary
from zakaz_dagster_tests.plugins.echo import PEOPLE

BY_HAND = "people"
ECHOED = (("doctor", "--live"), ("gmail", "check"), ("datalens", "plan"), ("alerts", "test"))
Echo = tuple[int, str]
MASKED = "SELECT count() FROM stg_qtickets_orders_raw WHERE payload LIKE '%[e-mail]%'"


def lived(made: Installation, chosen: Mapping[str, Sequence[Echo]], *, whole: bool) -> None:
    """Good days, bad days, and everything that people run; `chosen` are the echoes that each job, and people, meet."""
    made.command("schema", "apply")
    made.sandbox.fault("qtickets", replaced=ODD)
    for job in ("qtickets_refresh", *JOBS[1:]):
        assert (done := made.run(job)).success, done.error
    assert resources.warehouse(Settings()).scalar(MASKED) > 0
    (made.home.parent / OUTSIDE / "orders.json").write_bytes(made.mirror.orders)
    made.sandbox.fault("qtickets", replaced={"baskets.refunded_at": f"{NAME} {MAIL} {PHONE}"})
    made.loaded_again("stg_qtickets_orders_raw", "stg_qtickets_sales_raw")
    for job in JOBS:
        for status, shape in chosen[job]:
            made.echoed(job, status, shape)
    if whole:
        made.run("all_checks")
    with mock.patch.object(audit, "SETTLED", timedelta(0)):  # no run is at work any more
        audit.write(made.instance, resources.warehouse(Settings()), audit.BEGINNING, "canary")
    for status, shape in chosen[BY_HAND]:
        with made.mirror.echoing(status, shape):
            for verb in ECHOED:
                made.command(*verb)
    _well_again(made, whole=whole)
    if whole:
        made.command("backup", "create", "--incremental")
        made.command("backup", "verify")
        made.program("zakaz_dagster", "doctor", "--live")


def _well_again(made: Installation, *, whole: bool) -> None:
    """What people and timers run, with everybody well again, and ClickHouse behind a proxy that is not."""
    made.sandbox.reset()
    home, orders = made.home, made.home.parent / OUTSIDE / "orders.json"
    made.command("alerts", "check", "--send")
    made.mailbox.reject = f"554 5.7.1 refused AUTH {canary('ALERT_SMTP_PASSWORD')} of {PEOPLE[0]}"
    made.command("alerts", "test")
    made.mailbox.reject = ""
    for verb in (
        ("smoke", "--output", str(home / "smoke.json"), *(() if whole else ("--quick",))),
        ("preview",), ("alerts", "list"), ("inspect", "qtickets-orders", str(orders)),
        ("backup", "create"), ("backup", "list"), ("backup", "files", str(home / "kept.tar.gz")),
        ("support", "bundle", str(home / "bundle.txt")),
    ):  # fmt: skip
        made.command(*verb)
    made.command("doctor", "--all", CLICKHOUSE_PORT=str(made.front.port))
    look = document(Watch(watch.subjects(Settings()), timezone.now, Depth.QUICK).look())
    made.said.append(("health", json.dumps(detailed(look), ensure_ascii=False)))
    made.said.append(("metrics", exposition(look, 1.0)))
