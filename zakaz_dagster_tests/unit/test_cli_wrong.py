"""Wrong invocations: one sentence each, the exit code 3, and never a traceback."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from zakaz_dagster.cli import VERBS, main, seam
from zakaz_dagster.errors import BadData, ConfigFault
from zakaz_dagster.paths import PROJECT_ROOT

# What is typed, and words of the sentence. {tmp} is an empty folder, {file} a file of nonsense, {port} a taken port,
# {shut} a folder that cannot be written to.
WRONG = [
    ("nope", "No such command 'nope'"),
    ("smok", "Did you mean smoke?"),
    ("--nope", "No such option '--nope'"),
    ("-x doctor", "No such option '-x'"),
    ("demo --days x", "'--days': 'x' is not a valid integer"),
    ("demo --days 0", "'--days': 0 is not in the range"),
    ("demo --days 400", "'--days': 400 is not in the range"),
    ("demo --seed -1", "'--seed': -1 is not in the range"),
    ("demo --seed 1.5", "'1.5' is not a valid integer"),
    ("demo --home {file}", "is a file"),
    ("demo --home {file}/below", "cannot be written to: Not a directory"),
    ("demo --home {shut}/home", "cannot be written to"),
    ("demo extra", "unexpected extra argument (extra)"),
    ("demo --days", "Option '--days' requires an argument"),
    ("dev --port 99999", "'--port': 99999 is not in the range"),
    ("dev --port 0", "'--port': 0 is not in the range"),
    ("dev --port abc", "'abc' is not a valid integer"),
    ("dev --pages-port 70000", "'--pages-port': 70000 is not in the range"),
    ("dev --health-port -5", "'--health-port': -5 is not in the range"),
    ("dev --home {tmp}/a --port {port}", "--port {port}: Address already in use"),
    ("dev --home {tmp}/a --port {free} --pages-port {port}", "--pages-port {port}: Address already in use"),
    ("dev --home {tmp}/a --port {free} --pages-port {free2} --health-port {port}", "--health-port {port}: Address"),
    ("dev --home {tmp}/a --port {free} --pages-port {free}", "--port and --pages-port are both"),
    ("dev --home {shut}", "cannot be written to"),
    ("clickhouse", ""),
    ("clickhouse serv", "No such command 'serv'"),
    ("clickhouse serve --port 65536", "'--port': 65536 is not in the range"),
    ("clickhouse serve --host example.org --port 0 --data-dir {tmp}", "loopback address"),
    ("clickhouse serve --host 0.0.0.0 --port 0 --data-dir {tmp}", "0.0.0.0 is not a loopback address"),
    ("clickhouse serve --port {port} --data-dir {tmp}", "cannot listen on 127.0.0.1:{port}: Address already in use"),
    ("clickhouse serve --port 0 --data-dir {shut}/x", "cannot be written to"),
    ("clickhouse serve --port 0 --data-dir {tmp} --config-file /nope.xml", "'--config-file': File '/nope.xml' does not"),
    ("clickhouse serve --port 0 --data-dir {tmp} --users-file {tmp}", "is a directory"),
    ("clickhouse serve --port 0 --data-dir {tmp} --allow everything", "'everything' is not one of"),
    ("install --organiser a-b --root {tmp}", "'a-b' cannot name an organiser"),
    ("install --root {file}", "is a file"),
    ("install --organiser b --number 0", "'--number': 0 is not in the range"),
    ("upgrade --chek", "No such option '--chek'"),
    ("load", ""),
    ("load history --from tomorrow", "ZAKAZ_PRIVACY_SALT is not set"),
    ("backtest --world moon", "'moon' is not one of"),
    ("backtest --world warehouse --seeds 5", "are of made-up organisers"),
    ("backtest --orders-per-day none", "'none' is not a valid integer"),
    ("sandbox serve --port 99999", "'--port': 99999 is not in the range"),
    ("sandbox serve --port {port}", "Address already in use"),
    ("sandbox serve --now yesterday", "the sandbox cannot start"),
    ("sandbox serve --today 2026-13-45", "the sandbox cannot start"),
    ("sandbox serve --start 31.12.2025", "does not match the format"),
    ("sandbox serve --start 2001-01-01", "history cannot begin before 2020-03-01"),
    ("sandbox serve --fault nonsense", "is not vendor:name=value"),
    ("sandbox serve --recorded /nope", "Directory '/nope' does not exist"),
    ("sandbox serve --orders-per-day -3", "'--orders-per-day': -3 is not in the range"),
    ("schema drop", "No such command 'drop'"),
    ("schema apply now", "unexpected extra argument (now)"),
    ("schema apply", "127.0.0.1:9 refuses connections"),
    ("schema diff", "127.0.0.1:9 refuses connections"),
    ("schema grants --apply", "127.0.0.1:9 refuses connections"),
    ("settings samples --chek", "No such option '--chek'"),
    ("inspect", "Missing argument"),
    ("inspect tickets {file}", "'tickets' is not one of"),
    ("inspect utm /nope.txt", "'/nope.txt': No such file or directory"),
    ("inspect utm {tmp}", "Is a directory"),
    ("inspect qtickets-orders {file}", "Expected"),
    ("inspect vk-statistics {file}", "Expected"),
    ("inspect direct-ads {file}", "Expected"),
    ("inspect qtickets-orders {file} --money rubles", "'rubles' is not one of"),
    ("import", ""),
    ("import direct-report /nope.csv", "'/nope.csv' does not exist"),
    ("import direct-report {tmp}", "is a directory"),
    ("import direct-report {file}", "say --login LOGIN"),
    ("import direct-report {file} --login a --money euro", "'euro' is not one of"),
    ("import plan {file}", "127.0.0.1:9 refuses connections"),
    ("import budget {tmp}", "is a directory"),
    ("utm", "say either --show ID"),
    ("utm --show 0", "'--show': 0 is not in the range"),
    ("utm --city томск", "say either --show ID, or --city and --date"),
    ("utm --city томск --date 31.06.2026", "does not match the format"),
    ("utm --show 1", "127.0.0.1:9 refuses connections"),
    ("explain", "Missing argument 'VIEW'"),
    ("explain fact_show_daily", "no view fact_show_daily"),
    ("explain v_sales_latest --where city", "'city' is not COLUMN=VALUE"),
    ("explain v_sales_latest --where sity=x", "v_sales_latest has no column sity"),
    ("explain v_sales_latest --where date=2026-06-02..2026-06-01", "the first day, then the last"),
    ("webhooks", ""),
    ("webhooks serve", "WEBHOOKS_SECRET is not set"),
    ("webhooks serve --port 70000", "'--port': 70000 is not in the range"),
    ("gmail authorize --port 70000", "'--port': 70000 is not in the range"),
    ("gmail authorize --patience 0", "'--patience': 0 is not in the range"),
    ("gmail check", "GMAIL_CREDENTIALS_FILE is not set"),
    ("datalens plan", "DATALENS_ORG_ID is not set"),
    ("datalens apply --yes", "DATALENS_IAM_TOKEN is not set"),
    ("datalens export {tmp}/out", "DATALENS_WORKBOOK_ID is not set"),
    ("datalens export", "Missing argument 'FOLDER'"),
    ("datalens plan --state {tmp}", "is a folder"),
    ("datalens glossary {shut}/metrics.md", "cannot be written to"),
    ("docs catalogue {tmp}", "is a folder"),
    ("preview --width 10", "'--width': 10 is not in the range"),
    ("preview --out {file}", "is a file"),
    ("preview --out {shut}/pages", "cannot be written to"),
    ("preview --out {tmp}/pages", "127.0.0.1:9 refuses connections"),
    ("smoke --output {tmp}", "is a folder"),
    ("smoke --output {shut}/a/b.json", "cannot be written to"),
    ("health serve --port 99999", "'--port': 99999 is not in the range"),
    ("health serve --port {port}", "cannot listen on 127.0.0.1:{port}: Address already in use"),
    ("health serve --host nowhere.invalid --port 0", "cannot listen on nowhere.invalid:0"),
    ("alerts chek", "No such command 'chek'"),
    ("alerts test", "no channel is configured"),
    ("backup restore", "no good backup newest is known"),
    ("backup verify nothing-of-this-name", "nothing-of-this-name"),
    ("backup files {shut}/all.tar", "cannot be written to"),
    ("support bundle {tmp}", "is a folder"),
    ("support bundle {shut}/a/b.txt", "cannot be written to"),
    ("completion", "Missing argument"),
    ("completion tcsh", "'tcsh' is not one of"),
]  # fmt: skip
SETTINGS = (
    "CLICKHOUSE_",
    "QTICKETS_",
    "VK_ADS_",
    "DIRECT_",
    "GMAIL_",
    "ALERT_",
    "DATALENS_",
    "ZAKAZ_",
    "BACKUP_",
    "WEBHOOKS_",
)


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    tmp = tmp_path_factory.mktemp("wrong")
    file = tmp / "file.json"
    file.write_text("no json, no csv")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        free = []
        for _ in range(2):
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", 0))
                free.append(str(probe.getsockname()[1]))
        yield {
            "tmp": str(tmp), "file": str(file), "shut": "/proc/1", "port": str(taken.getsockname()[1]),
            "free": free[0], "free2": free[1],
        }  # fmt: skip


@pytest.fixture(autouse=True)
def unconfigured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.startswith(SETTINGS)]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("ZAKAZ_SECRETS_DIR", os.devnull)
    monkeypatch.setenv("ZAKAZ_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("CLICKHOUSE_PORT", "9")
    monkeypatch.setattr("zakaz_dagster.resources.AT_A_TERMINAL", 0.2)


@pytest.mark.parametrize(("typed", "words"), WRONG, ids=[typed for typed, _ in WRONG])
def test_a_wrong_invocation_is_one_sentence_and_code_3(typed, words, places):
    done = CliRunner().invoke(main, typed.format(**places).split())
    if not words:  # a group alone shows its help
        assert (done.exit_code, "Commands:" in done.stdout) == (0, True)
        return
    assert (done.exit_code, done.stdout) == (3, ""), (done.stdout, done.stderr)
    assert words.format(**places) in done.stderr
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert done.stderr.startswith("zakaz: ")
    assert "Traceback" not in done.stderr


def test_there_are_enough_of_them():
    assert len(WRONG) >= 60
    assert {typed.split()[0] for typed, _ in WRONG} >= VERBS.keys() - {"doctor"}


RAISED = {
    ConfigFault("X is not set", next_step="set it"): "zakaz: X is not set. Next step: set it.",
    BadData("two\nlines"): "zakaz: two lines.",
    PermissionError(13, "Permission denied", "/secret/file"): "zakaz: /secret/file: Permission denied",
    OSError(28, "No space left on device"): "zakaz: No space left on device",
    ModuleNotFoundError("No module named 'chdb'", name="chdb"): "pip install 'zakaz-dagster[local]'",
    ModuleNotFoundError("No module", name="datalens_sdk.x"): "pip install 'zakaz-dagster[bi]'",
    click.UsageError("no such thing"): "zakaz: no such thing",
    ZeroDivisionError("division by zero"): "a fault of zakaz itself (ZeroDivisionError: division by zero)",
}


@pytest.mark.parametrize("error", RAISED, ids=lambda error: type(error).__name__)
def test_every_exception_becomes_a_sentence(error, capsys):
    def fail():
        raise error

    assert seam.run(fail) == 3
    told = capsys.readouterr().err
    assert RAISED[error] in told
    assert (len(told.splitlines()), "Traceback" in told) == (1, False)


def test_verbose_shows_where_a_fault_is(monkeypatch, tmp_path):
    monkeypatch.setattr("zakaz_dagster.cli.docs.catalogue_text", lambda: 1 / 0)
    plain = CliRunner().invoke(main, ["docs", "catalogue", str(tmp_path / "never.md")])
    verbose = CliRunner().invoke(main, ["docs", "catalogue", "--verbose", str(tmp_path / "never.md")])
    assert (plain.exit_code, "Traceback" in plain.stderr) == (3, False)
    assert (verbose.exit_code, "Traceback" in verbose.stderr) == (3, True)


@pytest.mark.parametrize("arguments", [[], ["--verbose"]])
def test_the_text_of_a_fault_is_scrubbed(monkeypatch, tmp_path, arguments):
    def fail():
        raise RuntimeError("Authorization: Bearer vk1.a.Zq8TqXcanary of anna.petrova@example.org")

    monkeypatch.setattr("zakaz_dagster.cli.docs.catalogue_text", fail)
    result = CliRunner().invoke(main, ["docs", "catalogue", *arguments, str(tmp_path / "never.md")])
    assert "RuntimeError" in result.stderr
    assert "Zq8TqXcanary" not in result.output + result.stderr
    assert "anna.petrova" not in result.output + result.stderr


def test_a_ctrl_c_is_no_traceback(capsys):
    def stop():
        raise click.Abort from KeyboardInterrupt()

    assert seam.run(stop) == 130
    assert capsys.readouterr().err == "zakaz: stopped\n"


@pytest.mark.parametrize("surroundings", [
    {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}, {"PYTHONIOENCODING": "ascii"}, {"PYTHONIOENCODING": "cp1251"},
])  # fmt: skip
def test_russian_is_printed_on_any_terminal(surroundings, tmp_path):
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(PROJECT_ROOT), "COLUMNS": "100", **surroundings}
    file = tmp_path / "tags.txt"
    file.write_text("томск_06_01\nмосква\n", "utf-8")
    command = [sys.executable, "-W", "ignore", "-m", "zakaz_dagster", "inspect", "utm", str(file)]
    done = subprocess.run(command, env=env, cwd=tmp_path, capture_output=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert "томск" in done.stdout.decode("utf-8")


def test_a_pipe_that_closes_early_is_no_fault(tmp_path):
    command = f"{sys.executable} -m zakaz_dagster docs --help | head -c 5"
    done = subprocess.run(
        ["sh", "-c", command], cwd=PROJECT_ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert "Traceback" not in done.stderr
    assert "Broken" not in done.stderr


def test_a_relative_home_is_where_the_command_was_started(tmp_path, monkeypatch):
    from zakaz_dagster.cli.params import Folder, OutputFile

    monkeypatch.chdir(tmp_path)
    assert Folder().convert("a/b", None, None) == tmp_path / "a" / "b"
    assert (tmp_path / "a" / "b").is_dir()
    assert OutputFile().convert("c/report.json", None, None) == tmp_path / "c" / "report.json"
    assert (tmp_path / "c").is_dir()


def test_a_taken_port_names_its_holder_where_the_system_tells(places):
    done = CliRunner().invoke(main, ["dev", "--home", places["tmp"], "--port", places["port"]])
    assert f"process {os.getpid()}: " in done.stderr


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_shell_completes(shell):
    done = CliRunner().invoke(main, ["completion", shell])
    assert (done.exit_code, "_ZAKAZ_COMPLETE" in done.stdout) == (0, True)


def test_tables_fold_and_lose_nothing(monkeypatch, capsys):
    from zakaz_dagster.cli.terminal import console, table

    monkeypatch.setenv("COLUMNS", "40")
    long = "слово" * 30
    shown = table("name", "value")
    shown.add_row("a", long)
    console().print(shown)
    printed = "".join(line.split("│")[2].strip() for line in capsys.readouterr().out.splitlines() if "│" in line)
    assert printed == long
