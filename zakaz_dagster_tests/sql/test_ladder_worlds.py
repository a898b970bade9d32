"""Twenty random dirty worlds: the SQL owes every sale to what a plain reading of the ladder says, and loses no rouble."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random

import pytest

from zakaz_dagster.parsing.tags import tag_of
from zakaz_dagster.parsing.utm import Utm
from zakaz_dagster.seeds import city_index
from zakaz_dagster_tests.sql.ladder import PROBLEMS, Ad, Owed, Show, is_named, owed, show_day
from zakaz_dagster_tests.sql.world import UTM, World, rows

WORLDS, SALES, ADS = 20, 40, 14
SOURCES = [
    "vk",
    "VK ",
    "vk_ads",
    "yandex",
    "ya",
    "tg",
    "posev",
    "email",
    "qr",
    "target",
    "",
    "newsletter",
    "50%babushki",
]
MEDIA = ["cpc", "posty", "email", "organic", "21.06", "tomsk", "", "%E4%E5", "cpc\u00a0"]
PLACES = ["tomsk", "omsk", "Томск", "москва", "atlantis", "vladimir"]
TEXTS = ["crea01_family", "{banner_id}", "skidka_20%deti", "", "a\tb", "сcылка", "{{geo}}", "🎭"]
TERMS = ["", "", "{keyword}", "цирк", "{", "0"]
CITY_OF = {"tomsk": "томск", "omsk": "омск", "moscow": "москва"}
EVENT_OF = {city: number for number, city in enumerate(CITY_OF.values(), start=1)}


class Random20:
    """One world: its first day, shows, ads and sales. Worlds are three months apart, so that no window reaches over."""

    def __init__(self, number: int) -> None:
        self.number, self.chance = number, Random(20251126 + number)
        self.start = date(2010 + number // 4, 3 * (number % 4) + 1, 10)
        self.base = 100_000 * (number + 1)
        self.shows = [self._show() for _ in range(6)]
        self.ads = [ad for _ in range(ADS) for ad in self._ad()]
        self.sales = [(self._day(), self._sold_with()) for _ in range(SALES)]

    def _day(self) -> date:
        """Few days, at both ends of the window: a day is a partition."""
        return self.start + timedelta(days=self.chance.choice([0, 1, 12, 30, 31, 43]))

    def _show(self) -> Show:
        first = self._day()
        lasts = self.chance.choice([0, 0, 0, 1, 20, -5])
        return Show(self.chance.choice([*CITY_OF.values()]), first, first + timedelta(days=lasts))

    def _number(self) -> int:
        """Few numbers, so that ads, groups and campaigns of both platforms share some."""
        return self.base + self.chance.randrange(8)

    def _tag(self) -> str:
        show = self.chance.choice(self.shows)
        on = show.first + timedelta(days=self.chance.choice([0, 0, 1, 9, 400]))
        place = self.chance.choice([*(slug for slug, city in CITY_OF.items() if city == show.city), *PLACES])
        forms = ["{d:02}_{m:02}", "{d:02}_{m:02}", "{d}_{m}", "{d:02}-{m:02}-{y}", "{y}_{m:02}_{d:02}", "{d:02}_{m:02}|{{x}}",
                 "{m:02}{d:02}", "{d:02}_{m:02}_v2", "2_{d:02}_{m:02}", "31_02"]  # fmt: skip
        return f"{place}_{self.chance.choice(forms).format(d=on.day, m=on.month, y=on.year)}"

    def _text(self) -> str:
        return self.chance.choice([self._tag(), self._tag(), str(self._number()), self.chance.choice(TEXTS)])

    def _utm(self) -> Utm:
        chance = self.chance
        campaign = chance.choice([self._text(), "promo", "promo"])
        return Utm(
            chance.choice(SOURCES), chance.choice(MEDIA), campaign, self._text(), chance.choice([*TERMS, self._text()])
        )

    def _ad(self) -> list[Ad]:
        """An ad on some days, sometimes only listed, sometimes with another ad's whole UTM."""
        chance, source = self.chance, self.chance.choice(["vk_ads", "yandex_direct"])
        campaign = chance.choice([0, self._number(), self._number(), self._number()])
        ids = (
            campaign,
            self._number() * 10 + campaign % 7,
            self._number() * 100 + len(getattr(self, "ads", [])) + chance.randrange(90),
        )
        if chance.random() < 0.2:
            return [Ad(None, source, *ids)]
        utm = self._utm()
        days = {self._day() - timedelta(days=chance.choice([0, 0, 42])) for _ in range(chance.randrange(1, 4))}
        return [Ad(day, source, *ids, utm, chance.random() < 0.9) for day in sorted(days)]

    def _sold_with(self) -> Utm:
        """Mostly what an ad sends, as it is, in another case, with another term, or with a number of one."""
        chance, ad = self.chance, self.chance.choice(self.ads)
        utm = ad.utm if any(ad.utm) and chance.random() < 0.7 else self._utm()
        number = str(chance.choice([ad.ad, ad.campaign, ad.group]))
        return chance.choice([
            utm, utm, Utm(*(text.upper() for text in utm)), utm._replace(term=chance.choice(TERMS)),
            utm._replace(content=number), utm._replace(campaign=number), utm._replace(term=number), Utm(),
        ])  # fmt: skip


@pytest.fixture(scope="module")
def worlds() -> list[Random20]:
    return [Random20(number) for number in range(WORLDS)]


@pytest.fixture(scope="module")
def built(worlds: list[Random20], module_world) -> World:
    world = module_world()
    for each in worlds:
        _put(world, each)
    world.build(str(worlds[0].start - timedelta(days=60)), str(worlds[-1].start + timedelta(days=60)))
    return world


def _put(world: World, each: Random20) -> None:
    for number, show in enumerate(each.shows):
        event = EVENT_OF[show.city]
        world.show(each.base + number, event=event, city=show.city, on=str(show.first), until=str(show.last))
    for number, ad in enumerate(each.ads):
        if ad.day is None:
            _list(world, ad)
            continue
        quiet = {} if ad.seen else {"impressions": 0, "clicks": 0, "conversions": 1}
        put = world.vk if ad.source == "vk_ads" else world.direct
        extra = {"network": f"n{number}"} if ad.source == "yandex_direct" else {"account": f"a{number}"}
        spent = str(each.chance.choice([1, 10, -3])) if ad.seen else "0"
        put(str(ad.day), ad.campaign, ad.group, ad.ad, spent, **dict(zip(UTM, ad.utm, strict=True)), **quiet, **extra)
    for number, (day, utm) in enumerate(each.sales):
        world.sale(str(day), each.base + number, 100 + number, event=each.base + number, show=0, city="томск", utm=utm)


def _list(world: World, ad: Ad) -> None:
    if ad.source == "yandex_direct":
        world.put("dim_direct_ads", account="логин", campaign_id=ad.campaign, ad_group_id=ad.group, ad_id=ad.ad)
        return
    world.put("dim_vk_ad_groups", account="к", ad_group_id=ad.group, ad_plan_id=ad.campaign)
    world.put("dim_vk_ads", account="к", ad_id=ad.ad, ad_group_id=ad.group)


def test_every_sale_is_owed_to_what_the_ladder_says(worlds: list[Random20], built: World) -> None:
    query = """SELECT event_id, match_level, source, campaign_id, ad_group_id, ad_id, channel_group, utm_problem
        FROM fact_sales_attributed_daily"""
    found = {event: Owed(*rest) for event, *rest in rows(built.wh, query)}
    listed = [ad for each in worlds for ad in each.ads if ad.day is None]
    shows = [show for each in worlds for show in each.shows]
    rungs = set()
    for each in worlds:
        ads = [*listed, *(ad for ad in each.ads if ad.day)]
        for number, (day, utm) in enumerate(each.sales):
            expected = owed(day, utm, ads, shows)
            assert found.pop(each.base + number) == expected, (each.number, day, utm)
            rungs.add(expected.rung)
    assert found == {}
    assert rungs == {"ad", "campaign", "utm", "show", "city", "source", "none"}


def test_every_rouble_of_spend_says_its_city_and_show_or_why_not(worlds: list[Random20], built: World) -> None:
    query = "SELECT date, campaign_id, ad_group_id, ad_id, account, utm_content, utm_medium, utm_campaign, city, show_date, utm_problem FROM fact_marketing_daily"
    found = rows(built.wh, query)
    shows = [show for each in worlds for show in each.shows]
    index = city_index()
    assert len(found) > WORLDS * ADS / 2
    for day, *_, content, medium, campaign, city, show_date, problem in found:
        on = date.fromisoformat(str(day))
        tag = tag_of(Utm("", str(medium), str(campaign), str(content)), index)
        meant = show_day(tag, on)
        expected = PROBLEMS.get(tag.reason, "")
        if not expected and not tag.city:
            expected = "город не распознан"
        if not expected and meant and not any(is_named(show, tag.city, meant) for show in shows):
            expected = "нет показа в этот день"
        assert (city, show_date, problem) == (tag.city or "не указано", meant and meant.isoformat(), expected), content


@pytest.mark.parametrize(
    "view",
    [
        "v_marketing_daily",
        "v_romi_kpi",
        "v_campaign_performance",
        "v_city_performance",
        "v_funnel_daily",
        "v_show_performance",
    ],
)
def test_the_spend_of_a_view_is_the_spend_of_the_platforms(built: World, view: str) -> None:
    (of_view,) = rows(built.wh, f"SELECT round(sum(spend_rub), 2), round(sum(net_revenue_rub), 2) FROM {view}")
    (spend,) = rows(
        built.wh,
        "SELECT toFloat64(sum(spend_rub)) FROM (SELECT spend_rub FROM fact_vk_ads_daily UNION ALL SELECT spend_rub FROM fact_direct_daily)",
    )
    assert of_view == (*spend, float(WORLDS * sum(100 + number for number in range(SALES))))


def test_money_behind_unread_tags_is_listed_whole(built: World) -> None:
    listed = rows(built.wh, "SELECT round(sum(spend_rub), 2), round(sum(revenue_rub), 2) FROM v_utm_unmapped")
    facts = rows(
        built.wh,
        """SELECT (SELECT toFloat64(sum(spend_rub)) FROM fact_marketing_daily WHERE utm_problem != ''),
        (SELECT toFloat64(sum(revenue_rub)) FROM v_sales_attributed WHERE utm_problem != '')""",
    )
    assert listed == facts
