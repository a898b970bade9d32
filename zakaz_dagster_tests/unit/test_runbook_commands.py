"""Every command in the documents is one that exists: each word of it is taken by the real command line."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import click
import pytest
import sqlglot

from zakaz_dagster.cli import main
from zakaz_dagster.definitions import build_definitions
from zakaz_dagster.settings import Settings
from zakaz_dagster_tests._private import create_dagster_cli

PROJECT = Path(__file__).resolve().parents[2]
PAGES = sorted(
    path
    for path in PROJECT.rglob("*.md")
    if ".venv" not in path.parts and "adr" not in path.parts and "build" not in path.parts
)
SPOKEN = re.compile(r"`([^`\n]+)`")
BLOCK = re.compile(r"^ *```\w*\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
INDENTED = re.compile(r"^ {4}(\S.*)$", re.MULTILINE)
RUN_BY = {"zakaz": main, "dagster": create_dagster_cli()}
HANDLED = re.compile(r"^(?:[A-Z_]+=\S+ )*(zakaz|dagster|make|systemctl) ")
OPTIONAL = re.compile(r"\s*\[.*?\]")


def commands(text: str) -> Iterator[str]:
    """What a reader would type: code of its own lines, and code within a sentence; `a; b` and `a && b` are two."""
    blocks = [line for block in BLOCK.findall(text) for line in block.splitlines()]
    spoken = SPOKEN.findall(BLOCK.sub("", text))
    for line in [*blocks, *spoken, *INDENTED.findall(text)]:
        for part in re.split(r"\s*(?:&&|;|\s#\s.*$)\s*", line.strip()):
            if HANDLED.match(part):
                yield part


FOUND = sorted({(path.name, command) for path in PAGES for command in commands(path.read_text(encoding="utf-8"))})


def refused(command: str) -> str:
    """Why the command line does not take it; '' when it does."""
    text = (
        re.sub(r"^(?:[A-Z_]+=\S+ )*", "", OPTIONAL.sub("", command)).replace("VALUE …", "VALUE").replace(" …", " VALUE")
    )
    name, *words = shlex.split(text)
    if name in RUN_BY:
        return _by_click(RUN_BY[name], name, words)
    if name == "make":
        targets = re.findall(r"^([a-z-]+):", (PROJECT / "Makefile").read_text(), re.MULTILINE)
        return ", ".join(word for word in words if "=" not in word and word not in targets)
    units = [unit for word in words for unit in _expanded(word) if unit.startswith("zakaz-")]
    return ", ".join(unit for unit in units if not _unit(unit))


def _by_click(command: click.Command, name: str, words: list[str]) -> str:
    """Options and values are parsed; what an option of a choice stands for must be one of them."""
    context = click.Context(command, info_name=name)
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        found = command.get_command(context, words[0])
        if found is None:
            return f"no {words[0]} in {context.info_name}"
        command, context, words = found, click.Context(found, info_name=words[0], parent=context), words[1:]
    try:
        for each in product(*(word.split("|") for word in words)):  # `a|b` is either
            values, left, _ = command.make_parser(context).parse_args(list(each))
            if left and not isinstance(command, click.Group):
                return f"{left} is too much"
            for parameter in command.params:
                given = values.get(parameter.name)
                if isinstance(parameter.type, click.Choice) and isinstance(given, str) and not given.isupper():
                    parameter.type.convert(given, parameter, context)
    except click.UsageError as error:
        return error.format_message()
    return ""


def _expanded(word: str) -> list[str]:
    """`zakaz-{a,b}.service` as the shell has it."""
    found = re.fullmatch(r"(.*)\{(.*)\}(.*)", word)
    return [f"{found[1]}{part}{found[3]}" for part in found[2].split(",")] if found else [word]


def _unit(name: str) -> bool:
    folder = PROJECT / "deploy" / "systemd"
    return any((folder / each).exists() for each in (name, f"{name}.service", f"{name}.timer"))


@pytest.mark.parametrize(("page", "command"), FOUND)
def test_a_command_of_a_document_is_taken_by_the_real_command_line(page: str, command: str) -> None:
    assert refused(command) == ""


def test_the_documents_name_many_commands_and_a_wrong_one_would_be_noticed() -> None:
    assert len(FOUND) > 60
    wrong = (
        "zakaz backup drll", "zakaz smoke --outptu x", "zakaz backup restore A B", "make tset", "systemctl start zakaz-coed",
        "dagster instance migarte", "zakaz backup create --incrementel",
    )  # fmt: skip
    assert [command for command in wrong if not refused(command)] == []


def test_the_jobs_that_the_documents_start_exist() -> None:
    jobs = {job.name for job in build_definitions(Settings(environment={})).get_repository_def().get_all_jobs()}
    named = {name for _, command in FOUND for name in re.findall(r"^dagster job \w+ .*-j (\w+)", command)}
    assert named - jobs == set()
    assert named >= {"reload_days", "qtickets_refresh"}


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_a_query_of_a_document_is_sql(path: Path) -> None:
    for text in SPOKEN.findall(path.read_text(encoding="utf-8")):
        if re.match(r"(SELECT|GRANT|DROP|ALTER) .* \w+", text) and "…" not in text:
            sqlglot.parse_one(text, dialect="clickhouse")


def test_the_runbooks_that_people_look_for_exist() -> None:
    names = {path.stem.lower() for path in (PROJECT / "docs").glob("*.md")}
    wanted = {
        "operations", "troubleshooting", "upgrade", "datalens", "add-source", "sizing", "runbook_integrations",
        "runbook_backup_restore", "security",
    }  # fmt: skip
    assert wanted <= names
    index = (PROJECT / "docs" / "index.md").read_text(encoding="utf-8")
    assert [name for name in wanted if f"({name}.md)" not in index.lower()] == []
