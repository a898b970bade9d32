"""Notices as a mail in Russian, text and HTML: first what marketers need, beneath it what engineers need.

Marketers: what, since when, what it means for the numbers, on which pages, what to do. Engineers: what was found, the
next step, the run, the runbook. Belongs here: the words and the layout (mail.txt.j2, mail.html.j2). Does not: when to
tell (`incidents`), sending (`send`).
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

from zakaz_dagster.alerts.incidents import Kind, Notice
from zakaz_dagster.alerts.phrases import Phrase, phrase, section, title
from zakaz_dagster.redaction import printable
from zakaz_dagster.timezone import MOSCOW
from zakaz_dagster.verdicts import Status

if TYPE_CHECKING:
    from jinja2 import Environment

SHOWN_IN_FULL = 40  # of a digest; the others follow in a few lines each, none is left out
SHOWN_IDS = 50
LONGEST_SUBJECT = 200
RUNBOOK = "docs/troubleshooting.md"
UNITS = (("д", 86_400), ("ч", 3_600), ("мин", 60))
WORDS = {
    (Kind.OPENED, Status.ERROR): ("ошибка", "#b3261e"),
    (Kind.OPENED, Status.WARNING): ("предупреждение", "#9a5b00"),
    (Kind.REMINDER, Status.ERROR): ("всё ещё ошибка", "#b3261e"),
    (Kind.REMINDER, Status.WARNING): ("всё ещё предупреждение", "#9a5b00"),
}
RESOLVED = ("решено", "#1b6e3c")


@dataclass(frozen=True)
class View:
    """A view people read numbers in, its name for people, and the pages of the dashboard that show it."""

    name: str
    title: str
    pages: tuple[str, ...] = ()


@dataclass(frozen=True)
class About:
    """What a mail says beyond the verdict. `affected` gives the views downstream of tables.

    `ui_url` is Dagster's address and `runbook_url` that of the troubleshooting page, as readers reach them.
    """

    ui_url: str = ""
    runbook_url: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    checks: Mapping[str, Phrase] = field(default_factory=dict)
    affected: Callable[[Iterable[str]], Sequence[View]] = lambda _: ()


@dataclass(frozen=True)
class Mail:
    """A message ready for any channel. `id` is the same whenever the same notices are composed again.

    `thread` is the id of the incident's first mail, so that mail programs show its messages together.
    """

    id: str
    subject: str
    text: str
    html: str
    notices: tuple[str, ...]
    thread: str = ""


def compose(notices: Sequence[Notice], about: About) -> Mail:
    """One mail for these notices; several make a digest."""
    items = sorted((_item(notice, about) for notice in notices), key=_gravity)
    data = {"items": items[:SHOWN_IN_FULL], "brief": items[SHOWN_IN_FULL:], "heading": _counts(items)}
    single = notices[0] if len(notices) == 1 else None
    subject = f"{items[0]['word']} — {items[0]['title']}" if single else _counts(items)
    return Mail(
        id=mail_id(notices),
        subject=_line(f"Zakaz: {subject}"),
        text=printable(_templates().get_template("mail.txt.j2").render(data)),
        html=printable(_templates().get_template("mail.html.j2").render(data)),
        notices=tuple(notice.id for notice in notices[:SHOWN_IDS]),
        thread=f"{single.incident.id}.{Kind.OPENED}.1" if single and single.kind is not Kind.OPENED else "",
    )


def bare(notices: Sequence[Notice]) -> Mail:
    """The same notices by nothing but their own words: for when the layout fails."""
    lines = [f"{notice.kind} {notice.incident.name}: {notice.incident.verdict.detail}" for notice in notices]
    text = "\n\n".join(lines)
    return Mail(
        mail_id(notices), _line(f"Zakaz: {lines[0] if len(lines) == 1 else len(lines)}"), text, "",
        tuple(notice.id for notice in notices[:SHOWN_IDS]),
    )  # fmt: skip


@cache
def _templates() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

    return Environment(
        loader=PackageLoader("zakaz_dagster.alerts", "."),
        autoescape=select_autoescape(("html.j2",)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def mail_id(notices: Sequence[Notice]) -> str:
    """The left part of the Message-ID: readable for one notice, a hash of all for a digest."""
    if len(notices) == 1:
        return notices[0].id
    return f"digest.{hashlib.sha256(' '.join(notice.id for notice in notices).encode()).hexdigest()[:20]}"


def _gravity(item: Mapping[str, Any]) -> int:
    return 2 if item["resolved"] else 0 if "ошибка" in item["word"] else 1


def _item(notice: Notice, about: About) -> dict[str, Any]:
    incident, verdict = notice.incident, notice.incident.verdict
    words = phrase(verdict, about.labels, about.checks)
    word, colour = WORDS.get((notice.kind, verdict.status), RESOLVED)
    resolved = notice.kind is Kind.RESOLVED
    views = about.affected([*verdict.assets, *(name.partition("__")[0] for name in incident.along)])
    return {
        "word": word,
        "colour": colour,
        "resolved": resolved,
        "title": words.title,
        **_period(notice),
        "means": "" if resolved else words.means,
        "said": [verdict.detail, notice.now] if words.russian else [],
        "pages": list(dict.fromkeys(page for view in views for page in view.pages)),
        "titles": [view.title for view in views if view.title],
        "along": [title(name, about.labels, about.checks) for name in incident.along],
        "action": "" if resolved else words.action or (verdict.action if words.russian else ""),
        "detail": "" if words.russian else verdict.detail,
        "now": "" if words.russian else notice.now,
        "step": "" if resolved or words.russian else verdict.action,
        "figure": _figure(verdict.figure, verdict.threshold),
        "views": [view.name for view in views],
        "link": f"{about.ui_url.rstrip('/')}/{verdict.link.lstrip('/')}" if about.ui_url else "",
        "runbook": f"{about.runbook_url or RUNBOOK}#{section(verdict.name)}",
        "id": incident.id,
        "name": verdict.name,
    }


def _period(notice: Notice) -> dict[str, str]:
    incident = notice.incident
    resolved = notice.kind is Kind.RESOLVED
    began = min(incident.verdict.since or incident.opened, incident.opened)
    ended = incident.healthy_since if resolved and incident.healthy_since else notice.at
    return {"since": moment(began), "until": moment(ended) if resolved else "", "lasted": span(ended - began)}


def _figure(figure: float | None, threshold: float | None) -> str:
    """A limit of nothing says no more than the detail does."""
    if figure is None or threshold == 0:
        return ""
    return f"{_number(figure)} при пределе {_number(threshold)}" if threshold is not None else _number(figure)


def _number(value: float) -> str:
    return f"{value:,.2f}".rstrip("0").rstrip(".").replace(",", " ").replace(".", ",")


def _line(text: str) -> str:
    """A header is one line."""
    return " ".join(printable(text).split())[:LONGEST_SUBJECT]


def _counts(items: Sequence[Mapping[str, Any]]) -> str:
    """The subject of a digest."""
    counts = Counter(_gravity(item) for item in items)
    return ", ".join(
        f"{name}: {counts[n]}" for n, name in enumerate(("ошибок", "предупреждений", "решено")) if counts[n]
    )


def moment(at: datetime) -> str:
    """`22.11.2026 14:05 МСК`."""
    return f"{at.astimezone(MOSCOW):%d.%m.%Y %H:%M} МСК"


def span(length: timedelta) -> str:
    """The two largest units: `1 д 3 ч`; less than a minute is said so."""
    left = max(int(length.total_seconds()), 0)
    parts = []
    for name, seconds in UNITS:
        count, left = divmod(left, seconds)
        if count:
            parts.append(f"{count} {name}")
    return " ".join(parts[:2]) or "меньше минуты"
