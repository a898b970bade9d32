"""One December of a small organiser, small enough to compute every view of it by hand.

    Tomsk   «Динозавры» 20 December, and 6 January twice a day (advertised in December)
    Omsk    «Роботы» and «Цирк», both on 5 January; «Цирк» moved from 21 to 28 December, its old tag still runs
    VK      plans 10 (Tomsk), 20 (Omsk), 30 (VK's own default tags); VAT of 20 % on top
    Direct  campaigns 500 (ids in tags), 600 and 700 (one UTM for both), 800 (unknown city), 900 (31 February)
    sales   eight orders on the 1st, four on the 2nd (one ticket removed), a mail on the 3rd, refunds on the 3rd and 4th

Belongs here: the world. Does not: what the views make of it (the tests).
"""

from __future__ import annotations

from zakaz_dagster_tests.sql.world import World

FIRST, LAST = "2025-12-01", "2025-12-31"
DINOSAURS, ROBOTS, CIRCUS = 1, 2, 3


def fill(world: World) -> None:
    _catalogue(world)
    _advertising(world)
    _first_of_december(world)
    _second_of_december(world)
    _mails(world)
    _loads(world)
    world.plan("2025-12-01", 10, "4000", event=1, name="Динозавры", city="томск")
    world.plan("2099-01-01", 5, "1000", event=1, name="Динозавры", city="томск")
    world.build(FIRST, LAST)


def _catalogue(world: World) -> None:
    world.event(DINOSAURS, "Динозавры", "томск")
    world.event(ROBOTS, "Роботы", "омск")
    world.event(CIRCUS, "Цирк", "омск")
    world.show(101, event=DINOSAURS, name="Динозавры", city="томск", on="2025-12-20")
    world.show(102, event=DINOSAURS, name="Динозавры", city="томск", on="2026-01-06")
    world.show(103, event=DINOSAURS, name="Динозавры", city="томск", on="2026-01-06")
    world.show(201, event=ROBOTS, name="Роботы", city="омск", on="2026-01-05")
    world.show(301, event=CIRCUS, name="Цирк", city="омск", on="2026-01-05")
    world.show(302, event=CIRCUS, name="Цирк", city="омск", on="2025-12-28")  # was 21 December
    world.seats(101, 100, 5, when="2025-12-02 10:00", event=DINOSAURS)
    world.seats(101, 100, 6, when="2025-12-02 18:00", event=DINOSAURS)
    world.seats(102, 50, 1, when="2025-12-02 18:00", event=DINOSAURS)
    world.seats(103, 50, 0, when="2025-12-01 18:00", event=DINOSAURS)
    world.seats(302, 80, 2, when="2025-12-02 18:00", event=CIRCUS)


def _advertising(world: World) -> None:
    world.vk("2025-12-01", 10, 11, 111, "100", utm="vk/cpc/afisha/tomsk_20_12")
    world.vk("2025-12-01", 10, 12, 121, "50", utm="vk/cpc/afisha/tomsk_06_01")
    world.vk("2025-12-01", 20, 21, 211, "200", utm="vk/cpc/omsk/omsk_21_12")
    world.vk("2025-12-01", 20, 21, 212, "30", utm="vk/cpc/omsk/omsk_05_01")
    world.vk("2025-12-01", 30, 31, 311, "10", utm="vk_ads/cpc/31/311")
    world.vk("2025-12-02", 10, 11, 0, "-5", city="томск", is_remainder=1, impressions=0, clicks=0, conversions=None)
    world.vk("2025-12-02", 20, 21, 0, "0", city="омск", is_remainder=1, impressions=0, clicks=0, conversions=None)
    world.direct("2025-12-01", 500, 51, 511, "400", utm="yandex/cpc/500/511/{keyword}", city="томск")
    world.direct("2025-12-01", 600, 61, 611, "25", utm="yandex/cpc/double/x", city="омск")
    world.direct("2025-12-01", 700, 71, 711, "35", utm="yandex/cpc/double/x", city="омск")
    world.direct("2025-12-02", 500, 51, 511, "60", utm="yandex/cpc/500/511/{keyword}", city="томск", clicks=12)
    world.direct(
        "2025-12-02",
        500,
        51,
        511,
        "40",
        utm="yandex/cpc/500/511/{keyword}",
        city="томск",
        clicks=8,
        network="AD_NETWORK",
    )
    world.direct("2025-12-02", 800, 81, 811, "45", utm="yandex/cpc/u/atlantis_05_01")
    world.direct("2025-12-02", 900, 91, 911, "55", utm="yandex/cpc/i/tomsk_31_02")


def _first_of_december(world: World) -> None:
    tomsk = {"event": DINOSAURS, "city": "томск"}
    for first in (True, False):
        world.sale("2025-12-01", 1, 500, show=101, utm="yandex/cpc/500/511/цирк томск", first=first, **tomsk)
    refunded = ("2025-12-04", "700", "0")
    world.sale("2025-12-01", 2, 700, show=102, utm="VK/cpc/afisha/Tomsk_06_01", refunded=refunded, **tomsk)
    world.sale("2025-12-01", 3, 0, show=101, utm="vk_ads/cpc/31/311", **tomsk)
    world.sale("2025-12-01", 4, 400, show=302, event=CIRCUS, city="омск", utm="yandex/cpc/double/x")
    world.sale("2025-12-01", 5, 300, show=201, event=ROBOTS, city="омск", utm="posev/21.12/gruppa_posev")
    world.sale("2025-12-01", 6, 250, show=301, event=CIRCUS, city="омск")
    world.sale("2025-12-01", 7, 350, show=101, utm="foo/bar/baz/tomsk_20_12", **tomsk)
    world.sale("2025-12-01", 8, 150, show=102, utm="vk/tomsk/afisha_family", **tomsk)


def _second_of_december(world: World) -> None:
    tomsk = {"event": DINOSAURS, "city": "томск"}
    world.sale("2025-12-02", 9, 600, show=101, utm="yandex/cpc/500/zzz", **tomsk)
    world.sale("2025-12-02", 9, 0, show=101, utm="yandex/cpc/500/zzz", first=False, **tomsk)
    world.sale("2025-12-02", 10, 999, show=101, removed="2025-12-02", **tomsk)
    refunded = ("2025-12-03", "700", "100")
    world.sale("2025-12-02", 11, 800, show=302, event=CIRCUS, city="омск", refunded=refunded)
    world.sale("2025-12-02", 12, 120, show=999, event=9, utm="yandex/cpc/999999/888888")


def _mails(world: World) -> None:
    world.mail("2025-12-01", "Цирк", 5, "5000", city="омск", reported="2025-12-01 21:00")  # the API knows the whole day
    # The refund that the API will know of the 3rd is in this mail's figures already.
    world.mail("2025-12-03", "Цирк Дю", 3, "900", city="омск", reported="2025-12-04 09:00", refunded=(1, "700"))


def _loads(world: World) -> None:
    for on, read in (("2025-12-01", "2025-12-02"), ("2025-12-02", "2025-12-03")):
        world.load("qtickets", on, f"{read} 03:00")
        world.load("vk_ads", on, f"{read} 00:05")
        world.load("yandex_direct", on, f"{read} 00:15")
