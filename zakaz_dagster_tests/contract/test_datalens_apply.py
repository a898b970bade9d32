"""`zakaz datalens` against a DataLens on loopback whose datasets are validated by DESCRIBE of the real views."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

sdk = pytest.importorskip("datalens_sdk", reason="the extra `bi` is not installed")

from zakaz_dagster.cli.datalens import datalens as command  # noqa: E402
from zakaz_dagster.datalens import spec  # noqa: E402
from zakaz_dagster.datalens.remote import client  # noqa: E402
from zakaz_dagster.datalens.remote.export import GETTERS  # noqa: E402
from zakaz_dagster.errors import ConfigFault, Fatal  # noqa: E402
from zakaz_dagster_tests.contract.datalens_server import DataLens, serving  # noqa: E402

PROJECT = Path(__file__).resolve().parents[2]
TOKEN = "t0ken-of-an-account"
PASSWORD = "pa55word-of-the-reader"
DESCRIBED: dict[str, dict[str, str]] = {}  # every warehouse has the same views


@pytest.fixture
def server(warehouse: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[DataLens]:
    def describe(view: str) -> dict[str, str]:
        if view not in DESCRIBED:
            rows = warehouse.rows(f"DESCRIBE TABLE {view}", settings={"join_use_nulls": 1, "readonly": 2})
            DESCRIBED[view] = {row["name"]: row["type"] for row in rows}
        return DESCRIBED[view]

    made = DataLens(describe)
    with serving(made) as url:
        made.url = url
        given = {
            "DATALENS_BASE_URL": url,
            "DATALENS_ORG_ID": "org",
            "DATALENS_IAM_TOKEN": TOKEN,
            "DATALENS_WORKBOOK_ID": "wb1",
            "DATALENS_CLICKHOUSE_HOST": "ch.example.net",
            "CLICKHOUSE_READER_USER": "datalens_reader",
            "CLICKHOUSE_READER_PASSWORD": PASSWORD,
            "ZAKAZ_DATA_DIR": str(tmp_path),
        }
        for name, value in given.items():
            monkeypatch.setenv(name, value)
        yield made


def run(*arguments: str) -> Result:
    return CliRunner().invoke(command, list(arguments))


def applied(*options: str) -> str:
    result = run("apply", "--yes", *options)
    assert result.exception is None, result.output
    return result.output


def test_the_dashboard_is_made_and_a_second_apply_changes_nothing(server: DataLens, tmp_path: Path):
    wanted = spec.load()
    planned = run("plan")
    assert planned.exit_code == 1
    assert "+ connection «Zakaz ClickHouse»" in planned.output
    assert "+ dashboard «Билеты и реклама»" in planned.output
    assert server.writes == [], "a plan changes nothing"

    assert _documented() <= {*applied().splitlines()}
    charts = sum(len(page.charts) for page in wanted.pages.values())
    assert len(server.entries) == 1 + len(wanted.datasets) + charts + 1
    first = len(server.writes)

    again = applied()
    assert len(server.writes) == first, "the second apply wrote nothing"
    assert f"{len(server.entries)} to keep" in again
    assert run("plan").exit_code == 0
    _right(server)
    state = next((tmp_path / "datalens").glob("*.json")).read_text()
    assert PASSWORD not in state
    assert TOKEN not in state + planned.output + again


def _documented() -> set[str]:
    """What docs/datalens.md shows of a first run, but for the question and the state file."""
    shown = (PROJECT / "docs" / "datalens.md").read_text("utf-8").split("```text\n")[1].split("```")[0]
    return {line.strip() for line in shown.splitlines() if line.strip().startswith(("+", "78 to"))}


def _right(server: DataLens) -> None:
    connection = server.named("Zakaz ClickHouse")["content"]
    assert (connection["username"], connection["readonly"], connection["raw_sql_level"]) == (
        "datalens_reader",
        2,
        "off",
    )
    assert (connection["host"], connection["secure"]) == ("ch.example.net", "on")
    fields = {one["title"]: one for one in server.named("ROMI")["content"]["result_schema"]}
    assert fields["Расход с НДС"]["aggregation"] == "sum"
    assert fields["ROMI"]["formula"].startswith("IF((SUM([Расход с НДС]) > 0)")
    assert fields["romi_pct"]["hidden"], "ratios per row are hidden: their average would be wrong"
    tabs = server.named("Билеты и реклама")["content"]["data"]["tabs"]
    assert [tab["title"] for tab in tabs] == ["Решения", "Продажи", "ROMI", "Воронка", "Города", "Качество данных"]
    ids = set(server.entries)
    widgets = [item for tab in tabs for item in tab["items"] if item["type"] == "widget"]
    assert {widget["data"]["tabs"][0]["chartId"] for widget in widgets} <= ids


def test_an_edit_by_hand_is_shown_and_put_back(server: DataLens):
    applied()
    chart = server.named("Продажи · Чистая выручка")
    good = chart["content"]["data"]
    chart["content"]["data"] = {**good, "edited": True}
    server.touch(chart)
    planned = run("plan")
    assert "~ chart «Продажи · Чистая выручка»" in planned.output
    assert "edited in DataLens" in planned.output
    identity = chart["id"]
    applied()
    assert server.entries[identity]["content"]["data"] == good, "the same object, with its own content again"
    assert run("plan").exit_code == 0


def test_what_was_not_made_here_is_never_deleted(server: DataLens, monkeypatch: pytest.MonkeyPatch):
    theirs = server.add("widget", "Продажи · Чистая выручка", "wb1", {"data": {}, "annotation": None})
    with pytest.raises(Fatal, match="--adopt"):
        raise _failure(run("apply", "--yes"))
    applied("--adopt")
    whole = spec.load()
    page = whole.pages["sales"]
    kept = {key: chart for key, chart in page.charts.items() if key not in ("net", "paid")}
    fewer = whole.model_copy(update={"pages": {**whole.pages, "sales": page.model_copy(update={"charts": kept})}})
    monkeypatch.setattr(spec, "load", lambda: fewer)
    made = server.named("Продажи · Платные билеты")["id"]
    applied()
    assert made in server.entries, "without --prune nothing goes"
    applied("--prune")
    assert made not in server.entries
    assert theirs["id"] in server.entries


def _failure(result: Result) -> BaseException:
    assert result.exception is not None
    return result.exception


def test_a_changed_title_is_a_readable_difference(server: DataLens, monkeypatch: pytest.MonkeyPatch):
    applied()
    whole = spec.load()
    renamed = whole.model_copy(update={"titles": {**whole.titles, "clicks": "Переходы"}})
    monkeypatch.setattr(spec, "load", lambda: renamed)
    planned = run("plan").output
    assert "fields.clicks.title: Клики → Переходы" in planned
    applied()
    titles = {one["title"] for one in server.named("Воронка")["content"]["result_schema"]}
    assert "Переходы" in titles
    assert run("plan").exit_code == 0


def test_an_interrupted_run_is_finished_by_the_next_one(server: DataLens, monkeypatch: pytest.MonkeyPatch):
    whole = server.updateDataset
    monkeypatch.setattr(server, "updateDataset", lambda body: server.find("nothing"))
    assert run("apply", "--yes").exception is not None
    assert len(server.entries) == 2, "the connection, and a dataset that was not finished"
    monkeypatch.setattr(server, "updateDataset", whole)
    applied()
    assert run("plan").exit_code == 0
    _right(server)


def test_a_new_password_is_sent_only_when_asked(server: DataLens, monkeypatch: pytest.MonkeyPatch):
    applied()
    monkeypatch.setenv("CLICKHOUSE_READER_PASSWORD", "another")
    assert run("plan").exit_code == 0
    applied("--password")
    assert server.named("Zakaz ClickHouse")["content"]["password"] == "another"


def test_an_export_writes_every_object_once(server: DataLens, tmp_path: Path):
    applied()
    result = run("export", str(tmp_path / "copy"))
    assert result.exception is None, result.output
    files = list((tmp_path / "copy").rglob("*.json"))
    assert len(files) == len(server.entries)
    assert all(PASSWORD not in file.read_text() for file in files)
    with pytest.raises(ConfigFault, match="not empty"):
        raise _failure(run("export", str(tmp_path / "copy")))


def test_every_exported_object_can_be_made_again_from_its_file_and_has_no_fault(server: DataLens, tmp_path: Path):
    applied()
    run("export", str(tmp_path / "copy"))
    folders = sorted(file.parent for file in (tmp_path / "copy").rglob("*.json"))
    with client.opened(server.url, "org", TOKEN) as opened:
        board = opened.get.dashboard(by_id=server.named("Билеты и реклама")["id"])
        assert [str(issue) for issue in board.validate()] == []
        for folder in folders:
            make = getattr(opened.raw.create, GETTERS[folder.parent.name]).from_file
            more = {"overrides": {"password": PASSWORD}} if folder.parent.name == "connection" else {}
            make(folder, name=f"{folder.name} again", location=sdk.EntryLocation.workbook("wb2"), **more).build()
    assert len(folders) == sum(one["workbook"] == "wb2" for one in server.entries.values())


def test_an_object_unlike_the_clients_models_is_refused(server: DataLens, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(server, "createWizardChart", lambda body: pytest.fail("a chart that is none was taken"))
    whole = server.call

    def spoilt(method: str, body: dict[str, Any]) -> Any:
        return whole(method, {**body, "colour": "red"} if method == "createWizardChart" else body)

    monkeypatch.setattr(server, "call", spoilt)
    assert "colour" in str(run("apply", "--yes").exception)
