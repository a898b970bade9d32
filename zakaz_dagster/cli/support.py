"""`zakaz support bundle`: what somebody who helps from afar has to know, as one file to read first and then to send.

Belongs here: putting what others say into one text. Does not: looking (`doctor`, `watch_options`), masks (`redaction`).
"""

from __future__ import annotations

import importlib.metadata
import io
import os
import platform
import re
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import cache
from pathlib import Path

import click
from rich.console import Console

from zakaz_dagster import timezone
from zakaz_dagster.alerts.mail import moment
from zakaz_dagster.cli.doctor import examine
from zakaz_dagster.cli.params import OutputFile
from zakaz_dagster.cli.terminal import working
from zakaz_dagster.cli.watch_options import dagster_facts
from zakaz_dagster.health.facts import CheckFact, DagsterFacts, RunFact
from zakaz_dagster.private_files import FILE
from zakaz_dagster.redaction import printable, scrub, vendor_words
from zakaz_dagster.resources import watch
from zakaz_dagster.settings import Settings
from zakaz_dagster.verdicts import Status

MOST = 20  # of runs, of checks
WIDE = 1000  # columns: a line that is broken could hide what has to be masked
NAMED = re.compile(r"^[\w.-]+")


@click.group()
def support() -> None:
    """Gather what somebody who helps has to know."""


@support.command()
@click.argument("file", required=False, type=OutputFile())
def bundle(file: Path | None) -> None:
    """Write versions, settings (secrets masked), doctor, failed runs and checks into FILE, readable by you alone.

    Default: zakaz-support-<moment>.txt in the working folder. Vendors are not asked; what cannot be read is said.
    """
    now = timezone.now()
    path = file or Path.cwd() / f"zakaz-support-{now:%Y%m%d-%H%M}.txt"
    with working("looking"):
        text = gathered(Settings(), now)
    with os.fdopen(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, FILE), "w", encoding="utf-8") as out:
        os.fchmod(out.fileno(), FILE)
        out.write(text)
    click.echo(
        f"{path}: {len(text.splitlines())} lines, secrets, e-mails and phones masked. Read it before you send it."
    )


def gathered(settings: Settings, now: datetime) -> str:
    """The whole text, scrubbed; a part that cannot be read says why in its place."""
    facts = cache(dagster_facts(settings))
    parts: dict[str, Callable[[], Iterator[str]]] = {
        "Versions": _versions,
        "Settings and doctor": lambda: _doctor(settings),
        "Failed runs, newest first": lambda: _runs(facts()),
        "Checks that are not ok": lambda: _checks(facts()),
        "Open incidents": lambda: _incidents(settings),
    }
    lines = [f"Zakaz Dagster, support bundle of {moment(now)}"]
    for title, part in parts.items():
        lines += ["", f"== {title}", *_told(part)]
    return printable(scrub("\n".join(lines)).replace(str(Path.home()), "~")) + "\n"


def _told(part: Callable[[], Iterator[str]]) -> list[str]:
    lines: list[str] = []
    try:
        lines.extend(part())
    except Exception as error:  # noqa: BLE001  what is broken is what the reader wants to know, whatever it is
        lines.append(f"cannot be read: {type(error).__name__}: {_line(vendor_words(str(error)))}")
    return lines or ["none"]


def _versions() -> Iterator[str]:
    yield f"zakaz-dagster {importlib.metadata.version('zakaz-dagster')}, Python {platform.python_version()}"
    yield platform.platform()
    installed = {each.name.lower(): each.version for each in importlib.metadata.distributions()}
    for need in importlib.metadata.requires("zakaz-dagster") or ():
        name = NAMED.match(need)
        if name and name[0].lower() in installed and 'extra == "test"' not in need.replace("'", '"'):
            yield f"{name[0]} {installed[name[0].lower()]}"


def _doctor(settings: Settings) -> Iterator[str]:
    out = io.StringIO()
    examine(Console(file=out, width=WIDE, no_color=True), settings, everything=True)
    yield from (line.rstrip() for line in out.getvalue().splitlines())


def _runs(facts: DagsterFacts) -> Iterator[str]:
    yield from map(_run, facts.failed[:MOST])
    yield from facts.cut


def _run(run: RunFact) -> str:
    days = f", days {run.days[0]} to {run.days[1]}" if run.days else ""
    step = f" Next step: {run.next_step}" if run.next_step else ""
    return f"{moment(run.created)} {run.family} ({run.run_id[:8]}{days}): {_line(run.error)}{step}"


def _checks(facts: DagsterFacts) -> Iterator[str]:
    bad = [each for each in facts.checks if each.verdict is None or each.verdict.status is not Status.OK]
    yield from map(_check, bad[:MOST])
    if len(bad) > MOST:
        yield f"and {len(bad) - MOST} more"


def _check(check: CheckFact) -> str:
    at = moment(check.at) if check.at else "never"
    found = check.verdict
    said = f"{found.status}, {found.detail} {found.action}" if found else "not evaluated"
    return f"{at} {check.name}: {_line(said)}"


def _incidents(settings: Settings) -> Iterator[str]:
    for name, incident in watch.alerts(settings).open_incidents().items():
        yield f"since {moment(incident.opened)} {name}: {_line(incident.verdict.detail)}"


def _line(text: str) -> str:
    return " ".join(text.split())
