"""Dirt of the world's tags: each switch makes its kind, and none of it makes the platform read a wrong day."""

from __future__ import annotations

from collections import Counter
from datetime import date

import pytest

from zakaz_dagster.dev.sandbox.world import World, WorldParams
from zakaz_dagster.dev.sandbox.world.dirt import ALMOST_TAGS, ESCAPES, EXHIBITION_DAYS, KINDS, MACROS, POSTS_WITH_IDS
from zakaz_dagster.dev.sandbox.world.moments import days, midnight, shift
from zakaz_dagster.parsing.tags import tag_of
from zakaz_dagster.parsing.utm import Utm
from zakaz_dagster.seeds import city_index

START = date(2026, 6, 25)
NOW = midnight(date(2026, 9, 1))


def world(*dirt: str) -> World:
    return World(WorldParams(seed=7, start=START, dirt=frozenset(dirt)))


def ads(made: World):
    """Every ad with its event and UTM."""
    for plan, group in made.vk.groups(NOW):
        yield from ((plan.event, banner.utm) for banner in group.banners)
    for campaign in made.direct.campaigns(NOW):
        yield from ((campaign.event, ad.utm) for group in campaign.groups for ad in group.ads)


def contents(*dirt: str) -> list[str]:
    return [utm[3] for _, utm in ads(world(*dirt))]


@pytest.mark.parametrize(
    ("kind", "marks"),
    [
        (ALMOST_TAGS, ("-", "/", "_v2")),
        (ESCAPES, ("%", "\u00a0", "\r\n")),
        (MACROS, ("|{device_type}", "{geo}_", "_{month}")),
    ],
)
def test_a_switch_makes_every_form_of_its_kind(kind, marks):
    clean, dirty = contents(), contents(kind)
    assert len(clean) == len(dirty)
    assert all(any(mark in text for text in dirty) for mark in marks)
    assert not any(mark in text for text in clean for mark in marks if mark != "-")


def test_with_no_switch_the_world_is_as_it_was():
    assert contents() == contents(POSTS_WITH_IDS)
    made = [order.utm for on in days(START, shift(START, 5)) for order in world().made(on)]
    assert not [utm for utm in made if utm[0] in {"tg", "email", "qr"} and utm[3].isdigit()]


def test_posts_carry_the_numbers_of_ads():
    made = world(POSTS_WITH_IDS)
    ids = {str(banner.id) for _, group in made.vk.groups(NOW) for banner in group.banners}
    sold = [order.utm for on in days(START, shift(START, 5)) for order in made.made(on)]
    posts = [utm for utm in sold if utm[0] in {"tg", "email", "qr", "posev"} and utm[3] in ids]
    assert len({utm[0] for utm in posts}) == 4


def test_exhibitions_are_named_by_days_of_their_run():
    index = city_index()
    named = {(event.id, tag.day, tag.month) for event, utm in ads(world(EXHIBITION_DAYS))
             if event.project.exhibition and not (tag := tag_of(Utm(*utm), index)).reason}  # fmt: skip
    assert len(named) > 2 * len({event for event, *_ in named})


def test_no_dirt_makes_a_wrong_day_of_a_tag():
    """A tag that is read names a day on which its event runs, or the 31 February and the unknown town that were there."""
    index, reasons = city_index(), Counter()
    for event, utm in ads(world(*KINDS)):
        tag = tag_of(Utm(*utm), index)
        reasons[tag.reason] += 1
        if tag.reason == "":
            year = tag.year or event.first_date.year + (tag.month < event.first_date.month)
            assert event.first_date <= date(year, tag.month, tag.day) <= event.last_date, utm
            assert tag.city == index.resolve(event.city.name), utm
    assert {"", "ambiguous date", "almost a tag", "label", "macro"} <= reasons.keys()
