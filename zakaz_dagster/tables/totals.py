"""Which rows of a table are totals, told by their sums: at any level, below or above what they add up.

A word («Итого») says that a row must be a total, and then it has to agree; without it, a row that lacks a date or a
name is a total if it agrees. A full line is a total only on proof; where both readings hold, the table is refused.
Belongs here: rows and their sums. Does not: where the rows come from (`reader`).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

_FORM = r"(?:итого|всего|total|subtotal)"
_OF = r"(?:продан|продаж|билет|выруч|сумм|мероприят|событи|показ|сеанс|город|площадк|день|дня|период|руб|шт)\w*"
_STRONG = re.compile(
    rf"(?:(?:общий|общее|промежуточный|промежуточное|grand|sub)[ -]?)?"
    rf"(?:{_FORM}(?:\s*[:.]|\s+(?:по|за|на|для|for|by)\b.*|\s*\(.*\)|,?\s+{_OF}[:.]?)?"
    rf"|(?<=[ -])итог[:.]?|итоги?\s+(?:по|за)\b.*|[^;]{{1,80}}\s[-:\N{{EN DASH}}\N{{EM DASH}}]?\s?{_FORM}[:.]?)",
    re.IGNORECASE,
)
_STARTS = re.compile(rf"{_FORM}\b.*", re.IGNORECASE)
_ALL = r"(?:все|вс[её]|вся|весь|всех|всем|общ\w*|сводн\w*|совокупн\w*|all|overall|combined)"
# What names every event or every city at once, and words that might.
_WHOLE = re.compile(rf"{_ALL}\s+(?:{_OF}|событи\w*|шоу|events?|shows?|cities|days?|venues?|sales)", re.IGNORECASE)
_WEAK = re.compile(rf"(?:{_ALL}|итоги?|сумма|результаты?|в целом|sum|Σ)[:.]?", re.IGNORECASE)
TOTAL, LINE, OPEN = "total", "line", "open"
MOST_LEVELS = 8  # of totals within totals
MOST_OPEN = 50  # rows to be judged one by one; a report has none or a few


_LOOKALIKES = str.maketrans("AaBCcEeHKMOoPpTXxy", "АаВСсЕеНКМОоРрТХху")  # Latin letters, and Cyrillic of the same form


@dataclass(frozen=True)
class Item:
    """A row with figures: None for an empty cell. `unread` are the roles whose cell is no number.

    `labels` are its words by column. `is_broken`: it has no readable date and is else as full as a line; `is_named`: a
    label is known to name a single thing, `is_nameless`: it has no name at all, `is_partial`: it lacks one of them.
    `has_id`: a number of the vendor's, which no total has.
    """

    number: int
    figures: Mapping[str, Decimal | None]
    unread: Collection[str]
    labels: Mapping[str, str]
    is_dated: bool
    is_broken: bool
    is_named: bool
    is_nameless: bool = False
    is_partial: bool = False
    has_id: bool = False

    def says(self, words: re.Pattern[str]) -> bool:
        return not self.has_id and any(words.fullmatch(_in_one_script(text)) for text in self.labels.values())

    @property
    def is_zero(self) -> bool:
        return not any(self.figures.values())


@dataclass(frozen=True)
class Found:
    """Indexes of the rows that are totals; `reason` when none of the table can be believed."""

    totals: frozenset[int]
    reason: str = ""


@dataclass
class _Sum:
    """Rows added up; `loose` are the sums of rows without a date, which a total may leave out."""

    rows: int = 0
    telling: int = 0
    sums: dict[str, Decimal] = field(default_factory=dict)
    loose: dict[str, Decimal] = field(default_factory=dict)
    unread: set[str] = field(default_factory=set)

    def add(self, item: Item) -> None:
        self.rows += 1
        self.telling += not item.is_zero
        self.unread |= set(item.unread)
        for role, value in item.figures.items():
            self.sums[role] = self.sums.get(role, Decimal(0)) + (value or 0)
            if not item.is_dated:
                self.loose[role] = self.loose.get(role, Decimal(0)) + (value or 0)

    def differences(self, total: Item) -> list[str]:
        """What a total states otherwise; a cell that could not be read may hold what is missing, but not less.

        Rows without a date are in all sums that it states or in none.
        """
        dated = {role: value - self.loose.get(role, 0) for role, value in self.sums.items()}
        return min(self._unlike(total, self.sums), self._unlike(total, dated), key=len)

    def _unlike(self, total: Item, sums: Mapping[str, Decimal]) -> list[str]:
        return [
            f"{role} {value}, the lines make {sums.get(role, 0)}"
            for role, value in total.figures.items()
            if value is not None
            and value != (made := sums.get(role, Decimal(0)))
            and not (role in self.unread and value > made)
        ]

    def is_total(self, total: Item, *, strict: bool) -> bool:
        """Whether it agrees; strictly: all that it states could be compared."""
        stated = {role for role, value in total.figures.items() if value is not None}
        if not stated or total.unread or (strict and stated & self.unread) or not (self.rows or total.is_zero):
            return False
        return not self.differences(total)


def find_totals(items: Sequence[Item]) -> Found:
    """The rows that are totals, or why the table is not believed."""
    must = {at for at, item in enumerate(items) if _must(item)}
    maybe = {at for at, item in enumerate(items) if at not in must and _is_possible(item)}
    agreed = _agreeing(items, must, maybe)
    if agreed is None:
        return Found(frozenset(must), _disagreement(items, must))
    dated = sorted(at for at in agreed - must if items[at].is_dated)
    plain = {at: TOTAL for at in dated if _is_plainly_total(items[at])}
    others = [at for at in dated if at not in plain][:MOST_OPEN]
    readings = plain | {at: _reading(items, must, agreed, at) for at in others}
    names = {items[at].labels.get("event_name") for at, reading in readings.items() if reading == TOTAL}
    for at in dated:
        if readings.get(at, OPEN) == OPEN and items[at].labels.get("event_name") not in names:
            return Found(frozenset(must), _both(items[at]))
    undated = {at for at in agreed - must if not items[at].is_dated and not _is_sum(items, agreed, at)}
    totals = agreed - undated - {at for at, reading in readings.items() if reading == LINE}
    return Found(frozenset(totals), "" if totals else _open_line(items))


def _in_one_script(text: str) -> str:
    """Latin letters among Cyrillic ones as those that they look like: «Итогo» is «Итого»."""
    return text.translate(_LOOKALIKES) if re.search("[а-яё]", text, re.IGNORECASE) else text


def _is_plainly_total(item: Item) -> bool:
    return item.is_nameless or item.says(_WHOLE) or (item.says(_WEAK) and not item.is_named)


def _must(item: Item) -> bool:
    return item.says(_STRONG) or (item.says(_STARTS) and not (item.is_dated and item.is_named))


def _is_possible(item: Item) -> bool:
    """Without a date: all but a line whose date is wrong. With one: a row that may name more than one thing."""
    if item.has_id:
        return False
    worded = item.says(_WHOLE) or item.says(_WEAK)
    if item.is_dated:
        return not item.is_zero and (worded or item.is_partial or not item.is_named)
    return worded or not item.is_broken


def _agreeing(items: Sequence[Item], must: set[int], maybe: set[int]) -> set[int] | None:
    """Must and those of maybe that are sums of other rows; None when one that must agree does not."""
    tried = must | maybe
    for _ in range(MOST_OPEN):
        left = _unresolved(items, tried)
        if not left:
            return tried
        if not left - must:
            break
        tried = tried - left
        tried |= must
    return None if _unresolved(items, must) else must


def _unresolved(items: Sequence[Item], totals: set[int]) -> set[int]:
    """The totals that agree with no group of rows; groups may stand above their totals, below, or both in turn."""
    forward, backward = range(len(items)), range(len(items) - 1, -1, -1)
    best = totals
    for one, other in ((forward, backward), (backward, forward)):
        left = _pass(items, totals, totals, one)
        left = _pass(items, totals, left, other) if left else left
        best = min(best, left, key=len)
        if not best:
            break
    return best


def _pass(items: Sequence[Item], totals: set[int], wanted: set[int], order: Sequence[int]) -> set[int]:
    """One way through the rows. A total closes everything since the last one of its own level or a higher."""
    left: set[int] = set()
    levels = [_Sum()]
    for at in order:
        if at not in totals:
            for level in levels:
                level.add(items[at])
        elif at in wanted:
            item = items[at]
            strict = not _must(item)
            found = next((height for height, level in enumerate(levels) if level.is_total(item, strict=strict)), None)
            if found is None:
                left.add(at)
                continue
            if found == len(levels) - 1 < MOST_LEVELS:
                levels.append(_copy(levels[-1]))
            levels[: found + 1] = [_Sum() for _ in levels[: found + 1]]
    return left


def _copy(one: _Sum) -> _Sum:
    return _Sum(one.rows, one.telling, dict(one.sums), dict(one.loose), set(one.unread))


def _disagreement(items: Sequence[Item], must: set[int]) -> str:
    """The first total that does not agree, beside the lines nearest to it: those since the last total, or all."""
    at = min(_unresolved(items, must))
    start = max((other + 1 for other in must if other < at), default=0)
    group = _Sum()
    for number, item in enumerate(items):
        if number not in must and (start <= number < at or start == at):
            group.add(item)
    reasons = group.differences(items[at]) or ["it fits no group of lines"]
    if items[at].unread:
        reasons = [f"its {', '.join(sorted(items[at].unread))} cannot be read"]
    return f"row {items[at].number}: the total row does not agree: {'; '.join(reasons)}"


def _reading(items: Sequence[Item], must: set[int], agreed: set[int], at: int) -> str:
    """A dated row that is a sum of others: a total, a line, or open."""
    item = items[at]
    if must & _unresolved(items, agreed - {at}):
        return TOTAL
    if _is_wider(items, agreed, at):
        return TOTAL if _is_sum(items, agreed, at) else OPEN
    if _neighbours(items, agreed, at):  # a sum of one row proves nothing
        return LINE
    event = item.labels.get("event_name", "")
    is_known = any(
        other.labels.get("event_name") == event for number, other in enumerate(items) if number not in agreed
    )
    return LINE if event and is_known and not item.says(_WEAK) else OPEN


def _is_wider(items: Sequence[Item], totals: set[int], at: int) -> bool:
    """It leaves empty what every line names, as a subtotal of an event leaves the city."""
    lines = [item.labels.keys() for number, item in enumerate(items) if number not in totals]
    return bool(lines) and bool(set.intersection(*map(set, lines)) - items[at].labels.keys())


def _both(item: Item) -> str:
    return (
        f"row {item.number} equals the sum of other rows: it may be a total or a line, and no total of the whole table "
        "says which"
    )


def _is_sum(items: Sequence[Item], totals: set[int], at: int) -> bool:
    """A row without a date that repeats a single one is its total only if it names nothing that this does not."""
    texts = set(items[at].labels.values())
    single = _neighbours(items, totals, at)
    return not single or any(texts <= set(items[other].labels.values()) for other in single)


def _neighbours(items: Sequence[Item], totals: set[int], at: int) -> list[int]:
    """The nearest rows on both sides that are not zero, if such a row has the figures of this one."""
    found = []
    for order in (range(at - 1, -1, -1), range(at + 1, len(items))):
        near = next((other for other in order if other not in totals and not items[other].is_zero), None)
        if near is not None:
            group = _Sum()
            group.add(items[near])
            found += [near] if group.is_total(items[at], strict=True) else []
    return found


def _open_line(items: Sequence[Item]) -> str:
    """A first or last row, full as any other, that equals the sum of all the rest and could stand for them."""
    for at in {0, len(items) - 1}:
        rest = [item for number, item in enumerate(items) if number != at]
        whole = _Sum()
        for item in rest:
            whole.add(item)
        is_sum = whole.telling > 1 and not items[at].is_zero and whole.is_total(items[at], strict=True)
        if is_sum and not items[at].has_id and _covers(items[at], rest):
            return _both(items[at])
    return ""


def _covers(item: Item, rest: Sequence[Item]) -> bool:
    """None of its labels is one that only some of the others have, or another city than theirs."""
    for role, text in item.labels.items():
        values = {other.labels.get(role, "") for other in rest}
        if text and values != {text} and (role != "event_name" or text in values):
            return False
    return True
