"""`zakaz inspect vk-statistics|vk-banners`: what the loader makes of a saved answer of VK.

Belongs here: one answer to plain rows. Does not: anything that needs the other lists, as the group's parameters do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from decimal import Decimal

import pyarrow as pa
import pyarrow.compute as pc

from zakaz_dagster.errors import Fatal
from zakaz_dagster.redaction import vendor_words
from zakaz_dagster.seeds import city_index
from zakaz_dagster.sources.base import Inspection
from zakaz_dagster.sources.vk_ads.errors import problem_of
from zakaz_dagster.sources.vk_ads.records import SOURCE, AdGroup, Banner, decode_page
from zakaz_dagster.sources.vk_ads.statistics import Asked, figures_of, readable
from zakaz_dagster.sources.vk_ads.tags import UNKNOWN_CITY, Tagger, link_of
from zakaz_dagster.transport.answer import Response


def statistics(raw: bytes, options: Mapping[str, str]) -> Inspection:  # noqa: ARG001  every kind has this shape
    """Daily statistics of version 2: one row per object and day, zeros included; money is without VAT."""
    _refuse_errors(raw)
    body, odd = readable(raw, "the file")
    days = sorted({row.date for item in body.items for row in item.rows})
    ids = [*(item.id for item in body.items), *odd]
    # what was asked for stands in no file, so no day is missed
    figures = figures_of(raw, Asked(ids, days, lambda _id, _day: False, may_be_odd=True, name="the file")).table
    aside = [{"reason": reason, "where": f"object {id_}", "payload": ""} for id_, reason in odd.items()]
    rows = [{**row, "date": str(row["date"]), "spent_rub": str(row["spent_rub"])} for row in figures.to_pylist()]
    totals = {
        "objects": len(body.items),
        "days": len(pc.unique(figures["date"])),
        "impressions": _sum(figures, "impressions"),
        "clicks": _sum(figures, "clicks"),
        "conversions": _sum(figures, "conversions"),
        "spent_rub": str(pc.sum(figures["spent_rub"]).as_py() or Decimal("0.00")),
    }
    return Inspection(rows=rows, rejects=aside, totals=totals)


def banners(raw: bytes, options: Mapping[str, str]) -> Inspection:  # noqa: ARG001  every kind has this shape
    """A page of banners: the link, its own tags and the show they name, before the group's parameters are laid over."""
    _refuse_errors(raw)
    page = decode_page(raw, Banner, "banners")
    tagger = Tagger(city_index())
    rows = [_row(banner, tagger) for banner in page.items if isinstance(banner, Banner)]
    totals = {
        "banners": len(rows),
        "with_link": sum(bool(row["landing_url"]) for row in rows),
        "with_utm": sum(any(row[name] for name in row if name.startswith("utm_")) for row in rows),
        "with_city": sum(row["city"] != UNKNOWN_CITY for row in rows),
    }
    return Inspection(rows=rows, rejects=[asdict(odd) for odd in page.rejects], totals=totals)


def _refuse_errors(raw: bytes) -> None:
    """A saved error is said as the loader would say it."""
    problem = problem_of(Response(200, content=raw))
    if problem.code or problem.limits:
        said = vendor_words(f"{problem.code}: {problem.message}".rstrip(": ")) or "a limit of requests was used up"
        raise Fatal(f"the file is an error of VK's: {said}", source=SOURCE, expected="data", next_step="save it again")


def _row(banner: Banner, tagger: Tagger) -> dict[str, object]:
    link = link_of(banner)
    group = AdGroup(id=banner.ad_group_id, enable_utm=False)
    tags = tagger.of_ad(banner, (link.url or "") if link else "", group, None)
    head = {"ad_id": banner.id, "ad_group_id": banner.ad_group_id, "ad_name": banner.name or ""}
    return {**head, "status": banner.status or "unknown", **tags._asdict()}


def _sum(figures: pa.Table, name: str) -> int:
    return pc.sum(figures[name]).as_py() or 0
