"""What `zakaz inspect` prints of a hostile file: it is shown, and the terminal obeys none of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from zakaz_dagster.cli import main
from zakaz_dagster.cli.inspect import HOLDS, KINDS
from zakaz_dagster_tests.fuzz import bodies, mutations

TEXTS = [text for text in mutations.HOSTILE if text.isprintable() and len(text) < 40]
ESCAPES = ["\x1b[2J", "\x1b]0;title\x07", "\x9b31m", "\u202e", "\x00"]


def inspected(kind: str, raw: bytes, folder: Path, *options: str) -> Result:
    (folder / "file").write_bytes(raw)
    return CliRunner().invoke(main, ["inspect", kind, str(folder / "file"), *options])


def test_markup_in_names_is_shown_as_it_is(tmp_path: Path) -> None:
    lines = [["21.11.2026", f"a{text}b", "Томск", "1", "800,00", "0", "0,00"] for text in TEXTS]
    report = bodies.separated([bodies.REPORT[0], *lines], "\t")
    done = inspected("mail-file", report, tmp_path)
    assert done.exit_code == 0, done.output
    assert {"a[/bold]b", "a[red]b"} <= set(done.output.split())
    assert len(json.loads(inspected("mail-file", report, tmp_path, "--json").output)["rows"]) == len(TEXTS)


def test_a_terminals_control_characters_are_not_passed_on(tmp_path: Path) -> None:
    done = inspected("utm", "\n".join(f"tomsk_01_12{text}x" for text in ESCAPES).encode(), tmp_path)
    assert done.exit_code == 0, done.output
    assert not set("".join(ESCAPES)) & set(done.output) - set("[2J]0;titlem31")


@pytest.mark.parametrize("kind", ["mail-file", "plan", "direct-report", "vk-statistics", "gmail-message"])
def test_a_picture_is_refused_or_put_aside_in_a_sentence(kind: str, tmp_path: Path) -> None:
    done = inspected(kind, b"\x89PNG\r\n\x1a\n" + bytes(range(256)), tmp_path)
    assert done.exit_code in (0, 3)
    assert "fault of zakaz itself" not in done.output


def test_help_says_what_a_file_of_each_kind_holds() -> None:
    assert list(HOLDS) == list(KINDS)
    said = CliRunner().invoke(main, ["inspect", "--help"]).output
    assert all(f"{kind:18}{what}" in said for kind, what in HOLDS.items())
