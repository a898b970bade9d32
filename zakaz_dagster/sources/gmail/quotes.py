"""Where in a mail's text a table stands: in its sender's own words, or in a quoted or forwarded mail that is older.

A quote is told by its container (`<blockquote>`, `gmail_quote` …), by `>` before lines, or by the header lines that
mail programs put above it; its date is the one in those lines.
Belongs here: the text of a mail to segments. Does not: enclosed mails (`mime_tree`), what a segment says.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from bs4 import BeautifulSoup
from bs4.element import NavigableString, Tag

from zakaz_dagster.parsing.dates import Unreadable, parse_date
from zakaz_dagster.timezone import MOSCOW

CONTAINERS = (
    "blockquote, .gmail_quote, .gmail_quote_container, .yahoo_quoted, .moz-forward-container, .protonmail_quote, "
    ".ya-quote, .zmail_extra"
)
WINDOW = 800  # characters above a quoted table in which its header lines are looked for
_FORWARD = re.compile(
    r"(?<!-)-{3,40}\s{0,5}"
    r"(?:forwarded message|пере(?:сылаемое|сланное|направленное|адресованное) (?:сообщение|письмо))|"
    r"begin forwarded message|начало (?:переадресованного|пересылаемого) (?:сообщения|письма)",
    re.IGNORECASE,
)
_ORIGINAL = re.compile(r"(?<!-)-{3,40}\s{0,5}(?:original message|исходное сообщение|исходное письмо)", re.IGNORECASE)
_LINES = r"\n(?:[^\n]{0,300}\n){0,3}?[ \t]{0,5}"
_HEAD = re.compile(  # From, then a date, then To or Subject, each at the start of a line
    rf"(?:^|\n)[ \t]{{0,5}}(?:from|от(?: кого)?)\s?:[^\n]{{1,300}}{_LINES}(?:sent|date|отправлено|дата)\s?:"
    rf"[^\n]{{1,100}}{_LINES}(?:to|cc|кому|копия|subject|тема)\s?:",
    re.IGNORECASE,
)
_HINT = re.compile(
    r"<blockquote|_quote|ya-quote|moz-forward|zmail_extra|forwarded|пере(?:сыл|слан|направл|адрес)|original|исходное|"
    r"\b(?:from|от(?: кого)?)(?:<[^>]{0,200}>|\s){0,10}:",
    re.IGNORECASE,
)
_TABLE = re.compile(r"<table", re.IGNORECASE)
HEAD_LINES = 6  # of a quote's header, in a text
MOST = 500  # tables, quotes and marks that are looked at; a mail of more is refused or read as one
_LEVEL = re.compile(r"\s{0,3}((?:>\s?)+)")
_TIME = r"[^\d\n]{0,15}?(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::\d{2})?\s*(?P<half>[ap]\.?m)?\.?\s*(?P<zone>[+-]\d{4})?"
_DATE = re.compile(
    r"(?<!\d)(?P<date>\d{1,2}[./]\d{1,2}[./]\d{4}|\d{4}-\d{2}-\d{2}|\d{1,2}\s+[^\W\d_]{3,9}\.?,?\s+\d{4}"
    rf"|[^\W\d_]{{3,9}}\.?\s+\d{{1,2}},?\s+\d{{4}})(?:\s*г\.?)?{_TIME}",
    re.IGNORECASE,
)
_LABEL = re.compile(r"(?:date|sent|дата|отправлено|on|в)\s*:?[^:]{0,30}$", re.IGNORECASE)
_SAID = re.compile(r"(?:wrote|пишет|написал\(?а?\)?)\s*:?", re.IGNORECASE)
_ENGLISH_DATE = re.compile(
    r"(?:(?P<before>\d{1,2})\s+(?P<after>[a-z]{3,9})|(?P<month>[a-z]{3,9})\.?\s+(?P<day>\d{1,2}))\.?\s+(?P<year>\d{4})",
    re.IGNORECASE,
)
_ENGLISH = {name: at for at, name in enumerate(
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"], start=1)}  # fmt: skip


@dataclass(frozen=True)
class Quote:
    """An older mail within the text. `dated` is when it was written, if its header lines say so."""

    number: int
    dated: datetime | None
    is_forward: bool = False


@dataclass(frozen=True)
class Segment:
    """A piece of a mail's text that somebody said at one time; `quote` is None for the mail's own words."""

    text: str
    quote: Quote | None = None


def html_segments(text: str) -> list[Segment]:
    """The document without its quoted tables, and those of each quote as a document of their own."""
    if _HINT.search(text) is None or not 0 < len(_TABLE.findall(text)) <= MOST:
        return [Segment(text)]
    document = _Document(BeautifulSoup(text, "lxml"))
    quoted: dict[int, list[str]] = {}
    first: dict[int, int] = {}
    for table in reversed(document.soup.find_all("table")):  # what is quoted within a quote is taken out first
        start = document.quote_start(table)
        outer = table.find_parent("table")
        if start is not None and (outer is None or document.quote_start(outer) != start):
            if not _is_header(table):
                first[start] = document.place(table)
            quoted.setdefault(start, []).append(str(table.extract()))
    if not quoted:
        return [Segment(text)]
    style = "".join(str(tag) for tag in document.soup.find_all("style"))
    return [Segment(str(document.soup))] + [
        Segment(f"<html>{style}{''.join(reversed(tables))}</html>", document.quote(start, first.get(start), number))
        for number, (start, tables) in enumerate(sorted(quoted.items()), start=1)
    ]


def text_segments(text: str) -> list[Segment]:
    """Lines as their sender wrote them, and each run of quoted ones without its marks."""
    own: list[str] = []
    runs: list[tuple[list[str], str]] = []  # lines, and what stands above them
    beneath, before = _marker_line(text), 0
    for at, line in enumerate(text.splitlines()):
        mark = _LEVEL.match(line)
        level = mark[1].count(">") if mark else int(beneath is not None and at >= beneath)
        if not level:
            own.append(line)
        else:
            if level != before and len(runs) < MOST:
                runs.append(([], "\n".join([*own[-HEAD_LINES:], *(runs[-1][0][-HEAD_LINES:] if runs else [])])))
            runs[-1][0].append(line[mark.end() :] if mark else line)
        before = level
    if not runs:
        return [Segment(text)]
    return [Segment("\n".join(own))] + [
        Segment("\n".join(lines), _quote("\n".join([above, *lines[: 2 * HEAD_LINES]]), number))
        for number, (lines, above) in enumerate(runs, start=1)
    ]


def forwarded(text: str, *, html: bool) -> Quote | None:
    """The forwarded mail in a body, if there is one: what is attached beside it is as old."""
    plain = _Document(BeautifulSoup(text, "lxml")).text if html and _FORWARD.search(text) else text
    match = _FORWARD.search(plain)
    return _quote(plain[match.start() : match.start() + WINDOW], 0) if match else None


class _Document:
    """A document with the place of each of its tags in its text."""

    def __init__(self, soup: BeautifulSoup) -> None:
        self.soup = soup
        self._start: dict[int, int] = {}
        pieces: list[str] = []
        length = 0
        for node in soup.descendants:
            if isinstance(node, Tag):
                self._start[id(node)] = length
                piece = "\n" if node.name in ("br", "p", "div", "tr", "td", "li", "table", "blockquote") else ""
            else:
                piece = str(node) if type(node) is NavigableString else ""
            pieces.append(piece)
            length += len(piece)
        self.text = "".join(pieces)
        self._containers = [(self._start[id(tag)], self._end(tag)) for tag in soup.select(CONTAINERS, limit=MOST)]
        self._markers = [
            match.start()
            for marker in (_FORWARD, _ORIGINAL, _HEAD)
            for match in islice(marker.finditer(self.text), MOST)
        ]

    def _end(self, tag: Tag) -> int:
        following = tag.find_next_sibling() or next((up.find_next_sibling() for up in tag.parents
                                                     if up.find_next_sibling()), None)  # fmt: skip
        return self._start[id(following)] if following is not None else len(self.text) + 1

    def place(self, table: Tag) -> int:
        return self._start[id(table)]

    def quote_start(self, table: Tag) -> int | None:
        """Where the innermost quote that holds the table begins; None outside of any."""
        at = self.place(table)
        around = [(start, end) for start, end in self._containers if start <= at < end]
        closed = [(start, end) for start, end in self._containers if end <= at]
        markers = [
            marker for marker in self._markers
            if marker < at and not any(start <= marker < end for start, end in closed)
        ]  # fmt: skip
        return max([*(start for start, _ in around), *markers], default=None)

    def quote(self, start: int, table: int | None, number: int) -> Quote:
        """The quote by its header lines: those around its beginning and above its first table of anything else."""
        end = start + WINDOW
        return _quote(self.text[max(0, start - WINDOW // 2) : end if table is None else min(end, table)], number)


def _is_header(table: Tag) -> bool:
    """Header lines as rows of a table, as Thunderbird writes them: a name with a colon, and a value."""
    rows = [row.find_all(["td", "th"]) for row in table.find_all("tr")]
    return bool(rows) and all(len(row) == 2 and row[0].get_text().strip().endswith(":") for row in rows)  # noqa: PLR2004


def _quote(head: str, number: int) -> Quote:
    return Quote(number, _dated(head), _FORWARD.search(head) is not None)


def _marker_line(text: str) -> int | None:
    """The line from which on all is an older mail."""
    matches = [match.start() for marker in (_FORWARD, _ORIGINAL, _HEAD) if (match := marker.search(text))]
    return text.count("\n", 0, min(matches)) + (text[min(matches)] == "\n") if matches else None


def _dated(head: str) -> datetime | None:
    """The moment in the header lines of a quote: one with a label or «пишет» beside it, else the last."""
    found: list[tuple[bool, datetime]] = []
    for match in _DATE.finditer(head):
        moment = _moment(match)
        if moment is not None:
            before, after = head[max(0, match.start() - 40) : match.start()], head[match.end() : match.end() + 120]
            found.append((bool(_LABEL.search(before) or _SAID.search(after)), moment))
    labelled = [moment for is_labelled, moment in found if is_labelled]
    moments = labelled or [moment for _, moment in found]
    return moments[-1] if moments else None


def _moment(match: re.Match[str]) -> datetime | None:
    try:
        day = parse_date(_ENGLISH_DATE.sub(_day_first, match["date"].replace(",", " ")))
        hour = int(match["hour"]) % 12 + 12 * (match["half"][0] in "pP") if match["half"] else int(match["hour"])
        zone = datetime.strptime(match["zone"], "%z").tzinfo if match["zone"] else MOSCOW
        return datetime(day.year, day.month, day.day, hour, int(match["minute"]), tzinfo=zone) if day else None
    except (Unreadable, ValueError):
        return None


def _day_first(match: re.Match[str]) -> str:
    """November 20 2026, 20 Nov 2026: 20.11.2026."""
    month = _ENGLISH.get((match["month"] or match["after"])[:3].lower())
    return f"{match['day'] or match['before']}.{month:02d}.{match['year']}" if month else match[0]
