"""UTM strings a second, link to show tag, beside the standard library splitting the same queries.

The goal is absolute: 100,000 a second on one core.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable
from urllib.parse import parse_qsl, quote

from rich.console import Console

from benchmarks.figures import Figure, table
from zakaz_dagster.parsing.tags import tag_of
from zakaz_dagster.parsing.utm import Utm
from zakaz_dagster.seeds import city_index, seed

COUNT = 100_000
GOAL = 100_000.0
REPEATS = 3


def links(count: int, distinct: int, seed_number: int = 7) -> list[str]:
    """Links as advertisers write them: tags, Cyrillic, ids, cities in medium, labels; `distinct` of them differ."""
    chance = random.Random(seed_number)
    spellings = [row["alias"].replace(" ", chance.choice("_-")) for row in seed("city_aliases")]
    made = [_link(chance, spellings, number) for number in range(distinct)]
    return [made[number % distinct] for number in range(count)]


def _link(chance: random.Random, spellings: list[str], number: int) -> str:
    tag = f"{chance.choice(spellings)}_{chance.randint(1, 31):02d}_{chance.randint(1, 12):02d}"
    content = chance.choices([tag, str(10_000_000_000 + number), f"crea{number}_family", ""], [70, 15, 10, 5])[0]
    medium = chance.choice(["cpc", "rsya", "tomsk", "lenta"])
    return (
        f"https://tickets.example.ru/show/{number}?utm_source=vk_ads&utm_medium={medium}"
        f"&utm_campaign={700_000_000 + number}&utm_content={quote(content)}&utm_term={quote('выставка')}{number}&ref=x"
    )


def rate(work: Callable[[str], object], texts: Iterable[str], count: int) -> float:
    """Best of a few passes, texts a second of CPU."""
    best = float("inf")
    for _ in range(REPEATS):
        started = time.process_time()
        for text in texts:
            work(text)
        best = min(best, time.process_time() - started)
    return count / best


def figures(*, quick: bool) -> list[Figure]:
    cities, count = city_index(), COUNT // 20 if quick else COUNT
    found = []
    for title, distinct in (("all different", count), ("1,000 different", 1_000)):
        urls = links(count, distinct)
        ours = rate(lambda url: tag_of(Utm.from_url(url), cities), urls, count)
        theirs = rate(lambda url: parse_qsl(url.partition("?")[2]), urls, count)
        name = f"UTM links to tags, {title}"
        found += [
            Figure(name, ours, GOAL, "links/s", "100,000 a second", 1.0, "at least"),
            Figure(name, ours, theirs, "links/s", "the standard library's parse_qsl alone"),
        ]
    return found


if __name__ == "__main__":
    Console(width=150).print(table(figures(quick=False), absolute=True))
