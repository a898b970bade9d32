"""No secret and no buyer is found in anything that was written anywhere, whatever vendors and proxies answer.

`make canaries` tries every answer on every job; the suite tries each job with one of them.
"""

from __future__ import annotations

import base64
import io
import json
import shutil
import stat
import tarfile
import tempfile
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import quote

import pytest

from zakaz_dagster_tests.canaries import search
from zakaz_dagster_tests.canaries.life import BY_HAND, lived
from zakaz_dagster_tests.canaries.world import (
    FREE,
    JOBS,
    MAIL,
    MARKER,
    NAME,
    PHONE,
    Installation,
    canary,
    installed,
    secret_settings,
)
from zakaz_dagster_tests.contract.raw_http import send
from zakaz_dagster_tests.plugins.echo import HIDDEN_PEOPLE, SHAPES

STATUSES = (400, 401, 403, 407, 500, 502, 302)
FEW = {
    "qtickets_reload": [(400, "json")],
    "vk_ads_daily": [(401, "flat")],
    "yandex_direct_daily": [(403, "xml")],
    "gmail_load": [(302, "html"), (403, "json")],  # of a 403 Google's own client wrote a line
    BY_HAND: [(407, "proxy")],
}
KEPT = ("tokens/", "!secrets/", "!data/tokens/")  # where secrets are kept on purpose, closed to everybody else
PLANT = "planted/Leak+77?x="


@pytest.fixture(scope="module")
def patch() -> Iterator[pytest.MonkeyPatch]:
    with pytest.MonkeyPatch.context() as made:
        yield made


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    path = Path(tempfile.mkdtemp())
    yield path
    shutil.rmtree(path)


@pytest.fixture(scope="module")
def few(place: Path, patch: pytest.MonkeyPatch) -> Iterator[Installation]:
    """The installation after its cheap life."""
    with installed(place / "few", patch) as made:
        lived(made, FEW, whole=False)
        yield made


def hidden(made: Installation) -> list[str]:
    """Every secret value, those that were issued meanwhile as well, and every buyer."""
    issued = [
        value
        for path in (made.home / "tokens").glob("*.json")
        for name, value in flat(json.loads(path.read_text()))
        if "token" in name or "secret" in name
    ]
    secrets = [canary(name) for name in (*secret_settings(), *FREE)]
    hook = canary("ALERT_APPRISE_URLS").replace("/", "-")
    people = [*map(str, made.sandbox.personal()), *HIDDEN_PEOPLE, MAIL, "planted-odd", PHONE, PHONE[1:], NAME]
    return [*secrets, hook, *issued, *people]


def flat(found: object, name: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(found, dict):
        for key, value in found.items():
            yield from flat(value, key)
    elif isinstance(found, str) and len(found) >= 16 and "://" not in found:
        yield name, found


def leaks(made: Installation, values: list[str]) -> dict[str, str]:
    """Each place that holds one of the values, with the first of them in its context."""
    hits = ((place, content, search.found(content, values)) for place, content in made.places())
    return {
        place: f"{len(held)} values: {search.around(content, held[0])}"
        for place, content, held in hits
        if held and not any(kept in place for kept in KEPT)
    }


def test_everything_that_was_run_has_run(few: Installation) -> None:
    assert {verb for verb, ended in few.outcomes.items() if not ended} == {"gmail check", "datalens plan"}  # echoes
    assert len(few.mailbox.mails) >= 2
    places = dict(few.places())
    for place, words in {
        "log json": "GET /orders",
        "log text": "GET /orders",
        "table system.query_log": "stg_qtickets_sales_raw",
        "table zakaz.stg_qtickets_sales_raw": "order_id",
        "table zakaz.stg_rejects": MARKER,
        "table zakaz.meta_job_runs": "vk_ads",
        "table zakaz.meta_backup_runs": "backups",
        "bundle.txt": "qtickets_reload",
        "stdout of doctor --all": "407",
        "preview/index.html": "<title>",
        "smoke.json": "platform__clickhouse",
        "health": "verdicts",
        "metrics": "zakaz_check_status",
        "stdout of inspect qtickets-orders": "rows",
        "kept.tar.gz!manifest.json": "secrets",
    }.items():
        assert search.found(places[place], [words]), (place, places[place][:1000])
    assert search.found(places["table zakaz.stg_rejects"], ["refunded_at"])
    assert any(place.endswith(".db") and search.found(content, [MARKER]) for place, content in places.items())
    assert any(place.startswith("backup ") for place in places)


def test_no_place_holds_a_secret_or_a_buyer(few: Installation) -> None:
    found = leaks(few, hidden(few))
    assert not found, "\n\n".join(f"{place}: {told}" for place, told in found.items())


def test_where_secrets_are_kept_only_their_owner_can_open_them(few: Installation) -> None:
    holding = [path for path in few.home.rglob("*") if path.is_file() and search.found(path.read_bytes(), hidden(few))]
    assert {path.parent.name for path in holding} == {"tokens"}
    state = [*holding, few.home / "kept.tar.gz", few.home / "bundle.txt"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in state} == {0o600}


FORMS = {
    "plain": str,
    "percent": lambda text: quote(text, safe=""),
    "JSON": lambda text: json.dumps(text)[1:-1].replace("/", "\\/"),
    "base64": lambda text: base64.b64encode(f"x{text}y".encode()).decode(),
    "hexadecimal": lambda text: text.encode().hex(),
}


def sql(made: Installation, statement: str) -> None:
    reply = send(made.endpoint, statement)
    assert reply.status == 200, reply.text


def escaped(text: str) -> str:
    return text.replace("\\", "\\\\")


def mail(text: str) -> EmailMessage:
    made = EmailMessage()
    made.set_content(text, cte="base64")
    return made


def added(path: Path, text: str) -> None:
    with path.open("a") as file:
        file.write(f"<p>{text}")


def packed(made: Installation, text: str) -> None:
    before = len([*made.home.glob("*leak.tar.gz")])
    with tarfile.open(made.home / f"{before}leak.tar.gz", "w:gz") as tar:
        about = tarfile.TarInfo("inside")
        about.size = len(text.encode())
        tar.addfile(about, io.BytesIO(text.encode()))


# A leak into each kind of place, as a fault of ours would make it.
PLANTS = {
    "table zakaz.stg_rejects": lambda made, text: sql(made, f"INSERT INTO zakaz.stg_rejects (source, payload) VALUES ('x', '{escaped(text)}')"),
    "table system.query_log": lambda made, text: sql(made, f"SELECT '{text}'"),
    ".db": lambda made, text: made.instance.report_engine_event(text, made.instance.get_runs(limit=1)[0]),
    "log text": lambda made, text: made.logs["text"].write(text),
    "log json": lambda made, text: made.logs["json"].write(json.dumps({"message": text})),
    ".eml!text/plain": lambda made, text: made.mailbox.mails.append(mail(text)),
    "preview/leak.html": lambda made, text: added(made.home / "preview" / "leak.html", text),
    "stdout of doctor": lambda made, text: made.said.append(("stdout of doctor", text)),
    "leak.tar.gz!": packed,
    "backup ": lambda made, text: added(made.backups / "leak", text),
}  # fmt: skip


def test_a_planted_leak_is_found_in_every_kind_of_place_and_form(few: Installation) -> None:
    values = {name: f"{PLANT}{number}" for number, name in enumerate(FORMS)}
    for name, value in values.items():
        for plant in PLANTS.values():
            plant(few, FORMS[name](value))
    found = [(place, search.found(content, values.values())) for place, content in few.places()]
    for name, value in values.items():
        places = [place for place, held in found if value in held]
        missed = [kind for kind in PLANTS if not any(kind in place for place in places)]
        assert missed == [], (name, sorted(places))


@pytest.mark.slow
@pytest.mark.parametrize("who", FEW)
def test_no_place_holds_a_secret_or_a_buyer_after_every_answer(place: Path, who: str) -> None:
    every = [(status, shape) for status in STATUSES for shape in SHAPES]
    chosen = {**FEW, who: every if who in JOBS else list(zip(STATUSES, SHAPES, strict=False))}
    with pytest.MonkeyPatch.context() as patch, installed(place / who, patch) as made:
        lived(made, chosen, whole=who not in JOBS)
        found = leaks(made, hidden(made))
        assert not found, "\n\n".join(f"{place}: {told}" for place, told in found.items())
        assert made.mirror.echoed >= len(chosen[who]) + len(JOBS)
