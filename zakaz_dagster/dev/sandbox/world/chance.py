"""Chance that repeats: the same seed and the same words give the same draw, in any process and any order of asking."""

from __future__ import annotations

from hashlib import blake2b
from random import Random
from typing import TypeVar

T = TypeVar("T")


def draw(*words: object) -> int:
    """A 64-bit number that depends on the words only."""
    text = "|".join(map(str, words))
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big")


def share(*words: object) -> float:
    """A number in [0, 1) that depends on the words only."""
    return draw(*words) / 2**64


def stream(*words: object) -> Random:
    """A stream of draws that depends on the words only."""
    return Random(draw(*words))


def shuffled(items: tuple[T, ...], *words: object) -> tuple[T, ...]:
    order = list(items)
    stream(*words).shuffle(order)
    return tuple(order)
