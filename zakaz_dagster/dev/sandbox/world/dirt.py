"""What people and robots do to tags: switches of the world, each a kind of dirt; without them tags are as intended.

almost_tags       tomsk_6_1, tomsk-06-01-2026, tomsk_2026_01_06, tomsk_06_01/, tomsk_0601, 06_01_tomsk
escapes           percent signs that encode nothing, CP1251 escapes, no-break spaces, tabs, line ends
macros            a macro beside, before or inside the tag
exhibition_days   any day of an exhibition's run instead of its first
posts_with_ids    orders that come from Telegram, mail and QR codes with the numbers of VK's ads
"""

from __future__ import annotations

from datetime import date
from urllib.parse import quote

from zakaz_dagster.dev.sandbox.world.lifecycle import Utm
from zakaz_dagster.dev.sandbox.world.moments import shift

ALMOST_TAGS, ESCAPES, MACROS = "almost_tags", "escapes", "macros"
EXHIBITION_DAYS, POSTS_WITH_IDS = "exhibition_days", "posts_with_ids"
KINDS = (ALMOST_TAGS, ESCAPES, MACROS, EXHIBITION_DAYS, POSTS_WITH_IDS)

_FORMS = {
    ALMOST_TAGS: (
        "{p}_{d}_{m}", "{p}-{d:02}-{m:02}-{y}", "{p}_{y}_{m:02}_{d:02}", "{p}_{d:02}_{m:02}/",
        "{p}_{d:02}{m:02}", "{d:02}_{m:02}_{p}", "{p}_2_{d:02}_{m:02}", "{p}_{d:02}_{m:02}_v2",
    ),
    ESCAPES: (
        "skidka_20%deti", "50%babushki", "{cp1251}_{d:02}_{m:02}", "{p}_{d:02}_{m:02}\r\n", "{p}\u00a0{d:02}\t{m:02}",
    ),
    MACROS: (
        "{p}_{d:02}_{m:02}|{{device_type}}", "{{geo}}_{p}_{d:02}_{m:02}", "{p}_{d:02}_{{month}}",
        "{p}{{x}}_{d:02}_{m:02}",
    ),
}  # fmt: skip
_POSTS = (("tg", "kanal"), ("email", "digest"), ("qr", "afisha"), ("posev", "mamy"))


def day_of_run(day: date, last: date, chance: int, kinds: frozenset[str]) -> date:
    """The day that a tag names: the show's, or with `exhibition_days` any of its run."""
    return shift(day, chance % ((last - day).days + 1)) if EXHIBITION_DAYS in kinds and last > day else day


def spoilt(tag: str, place: str, day: date, chance: int, kinds: frozenset[str]) -> str:
    """The tag in one of the forms that are switched on, in half of the cases."""
    forms = [form for kind in (ALMOST_TAGS, ESCAPES, MACROS) if kind in kinds for form in _FORMS[kind]]
    if not forms or chance % 2:
        return tag
    form = forms[(chance >> 1) % len(forms)]
    cp1251 = quote(place.encode("cp1251", errors="replace"))
    return form.format(p=place, d=day.day, m=day.month, y=day.year, cp1251=cp1251)


def post(banner_id: int, group_id: int) -> Utm:
    """A post of another channel whose author copied the numbers of an ad."""
    source, medium = _POSTS[(banner_id // 100 + banner_id // 3) % len(_POSTS)]
    return Utm(source, medium, str(group_id), str(banner_id))
