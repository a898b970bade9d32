"""Asking for many ids, so many at a time, when one bad id makes the vendor refuse the whole request.

Belongs here: cutting and bisecting. Does not: what is asked, what becomes of a refused id.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from zakaz_dagster.errors import BadData
from zakaz_dagster.sources.vk_ads.records import SOURCE

T = TypeVar("T")
MOST_REFUSED = 50  # each costs up to 16 requests; so many are no stray ids but a wrong account


class IdsRefused(Exception):
    """The vendor refused a request because of at least one of its ids; `words` are the vendor's."""

    def __init__(self, words: str) -> None:
        super().__init__(words)
        self.words = words


@dataclass
class Answers(Generic[T]):
    """Answers to every id that was accepted, and the refused ids with the vendor's words."""

    given: list[T] = field(default_factory=list)
    refused: dict[int, str] = field(default_factory=dict)


def ask_in_chunks(
    ids: Sequence[int], size: int, ask: Callable[[Sequence[int]], T], most_refused: int = MOST_REFUSED
) -> Answers[T]:
    """`ask` for all ids in chunks of `size`; a refused chunk is halved until the bad ids stand alone."""
    answers: Answers[T] = Answers()
    waiting = list(reversed(list(_cut(ids, size))))
    while waiting:
        chunk = waiting.pop()
        try:
            answers.given.append(ask(chunk))
        except IdsRefused as refusal:
            if len(chunk) > 1:
                middle = len(chunk) // 2
                waiting += [chunk[middle:], chunk[:middle]]
                continue
            answers.refused[chunk[0]] = refusal.words
            if len(answers.refused) > most_refused:
                raise _too_many(answers.refused, len(ids)) from None
    return answers


def _cut(ids: Sequence[int], size: int) -> Iterator[Sequence[int]]:
    for start in range(0, len(ids), size):
        yield ids[start : start + size]


def _too_many(refused: dict[int, str], asked: int) -> BadData:
    return BadData(
        f"VK refused {len(refused)} of {asked} objects that its own lists named, the last with: "
        f"{list(refused.values())[-1]}",
        source=SOURCE,
        expected="lists and statistics of one account",
        next_step="see `zakaz doctor --live`: does the token belong to the account that is listed?",
    )
