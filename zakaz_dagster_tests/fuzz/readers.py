"""What reads each kind of input: every kind of `zakaz inspect`, and the decoders of the sources beside them.

A reader takes bytes and gives an Inspection, or raises a Failure; where records can be counted without it, COUNTS does.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

import httplib2
import httpx
from google.auth.exceptions import RefreshError
from googleapiclient.discovery import build

from zakaz_dagster.cli.inspect import KINDS
from zakaz_dagster.seeds import city_index
from zakaz_dagster.sources.base import Inspection, Reject
from zakaz_dagster.sources.gmail.api import ApiConfig, GmailApi
from zakaz_dagster.sources.gmail.auth import StoredCredentials
from zakaz_dagster.sources.gmail.errors import Problem
from zakaz_dagster.sources.gmail.report_lines import Reading, sales_columns
from zakaz_dagster.sources.gmail.rows import line_rows, message_rows
from zakaz_dagster.sources.gmail.senders import Senders
from zakaz_dagster.sources.gmail.source import Mailbox
from zakaz_dagster.sources.qtickets import api as qtickets
from zakaz_dagster.sources.vk_ads import api as vk_api
from zakaz_dagster.sources.vk_ads import errors as vk_errors
from zakaz_dagster.sources.vk_ads.catalogue import Catalogue
from zakaz_dagster.sources.vk_ads.dimensions import dimension_rows
from zakaz_dagster.sources.vk_ads.records import AdGroup, AdPlan, Token, decode, decode_page
from zakaz_dagster.sources.yandex_direct import errors as direct_errors
from zakaz_dagster.sources.yandex_direct import records as direct
from zakaz_dagster.sources.yandex_direct.dimensions import campaign_rows

Reader = Callable[[bytes], Inspection]
STATUSES = (200, 400, 429, 503)
CITIES = city_index()
SENDERS = Senders(["qtickets.ru"], "mx.google.com")
NOW = datetime(2026, 11, 22, tzinfo=UTC)


def _inspected(kind: str) -> Reader:
    module, name = KINDS[kind].split(":")
    function: Callable[[bytes, Mapping[str, str]], Inspection] = getattr(
        importlib.import_module(f"zakaz_dagster.sources.{module}"), name
    )
    return lambda raw: function(raw, {})


def _read(rows: Iterable[object], rejects: Iterable[Reject] = ()) -> Inspection:
    return Inspection([{"row": row} for row in rows], [asdict(reject) for reject in rejects], {})


def _vk_plans(raw: bytes) -> Inspection:
    page = decode_page(raw, AdPlan, "ad_plans")
    plans = {each.id: each for each in page.items if isinstance(each, AdPlan)}
    dimension_rows(Catalogue(plans, {}, {}), CITIES, "account")
    return _read([each for each in page.items if isinstance(each, AdPlan)], page.rejects)


def _vk_groups(raw: bytes) -> Inspection:
    page = decode_page(raw, AdGroup, "ad_groups")
    groups = {each.id: each for each in page.items if isinstance(each, AdGroup)}
    dimension_rows(Catalogue({}, groups, {}), CITIES, "account")
    return _read([each for each in page.items if isinstance(each, AdGroup)], page.rejects)


def _response(raw: bytes, status: int, kind: str = "application/json") -> httpx.Response:
    return httpx.Response(status, content=raw, headers={"content-type": kind})


def _vk_links(raw: bytes) -> Inspection:
    return _read(vk_api._link_items(_response(raw, 200), "/api/v2/urls/1.json"))  # noqa: SLF001


def _vk_refusals(raw: bytes) -> Inspection:
    answers = [_response(raw, status) for status in STATUSES]
    said = [vk_errors.words(answer) for answer in answers]
    refusals = [str(vk_api._refusal("/x", answer)) for answer in answers]  # noqa: SLF001
    return _read([*said, *refusals, *map(vk_errors.judge, answers)])


def _direct_campaigns(raw: bytes) -> Inspection:
    page = direct.campaigns(raw)
    items = [each for each in page.items if isinstance(each, direct.Campaign)]
    found = SimpleNamespace(campaigns={each.id: each for each in items})
    campaign_rows({"login": cast("Any", found)})
    return _read(items, page.rejects)


def _direct_list(read: Callable[[bytes], direct.Page[Any]], kind: type) -> Reader:
    def reader(raw: bytes) -> Inspection:
        page = read(raw)
        return _read([each for each in page.items if isinstance(each, kind)], page.rejects)

    return reader


def _direct_refusals(raw: bytes) -> Inspection:
    said = [direct_errors.error_in(raw)]
    for judge in (direct_errors.ServiceJudge(), direct_errors.ReportJudge()):
        said += [judge(_response(raw, status)) for status in STATUSES]
    return _read(said)


def _qtickets_refusals(raw: bytes) -> Inspection:
    try:
        cases = json.loads(raw)
        bodies = [str(case["body"]).encode("utf-8", "surrogatepass") for case in cases]
    except (ValueError, TypeError, KeyError, RecursionError):
        bodies = [raw]
    kinds = ("application/json", "text/html")
    return _read(
        qtickets.judge(_response(body, status, kind)) for body in bodies for status in STATUSES for kind in kinds
    )


class _Http:
    """Stands for the connection of Google's library: the same answer to whatever is asked."""

    def __init__(self, raw: bytes, status: int) -> None:
        self._answer = httplib2.Response({"status": status, "content-type": "application/json"}), raw

    def request(self, *_args: object, **_options: object) -> tuple[httplib2.Response, bytes]:
        return self._answer


def _gmail_api(raw: bytes, status: int = 200) -> GmailApi:
    api = GmailApi(ApiConfig(deadline=0.001), None)
    api._users = build("gmail", "v1", http=_Http(raw, status), static_discovery=True).users()  # noqa: SLF001
    return api


def _gmail_answer(raw: bytes) -> Inspection:
    """A message the way of a load: who sent it, what it states, the rows of the warehouse."""
    mailbox = Mailbox(_gmail_api(raw), Reading(sales_columns(), CITIES), SENDERS, query="", reader="r")
    (read,) = mailbox.read(["1"])
    parts, wholes = message_rows([read], "r", NOW)
    lines = line_rows([read]).to_pylist()
    rejects = [Reject(line["reason"], line["place"], line["payload"]) for line in lines if line["reason"]]
    return _read([*parts.to_pylist(), *wholes.to_pylist(), *(line for line in lines if not line["reason"])], rejects)


def _gmail_history(raw: bytes) -> Inspection:
    return _read(_gmail_api(raw).arrivals("1").ids)


def _gmail_token(raw: bytes) -> Inspection:
    """The token endpoint's answer through Google's library."""
    made = StoredCredentials(
        token=None, refresh_token="r", client_id="c", client_secret="s", token_uri="https://x/token"
    )  # type: ignore[no-untyped-call]
    answer = SimpleNamespace(status=200, data=raw, headers={})
    try:
        made.refresh(lambda **_: answer)
    except RefreshError as refused:
        return _read([], [Reject(str(refused), "the answer")])
    return _read([made.token, made.expiry])


def _gmail_refusals(raw: bytes) -> Inspection:
    problems = [Problem.of(status, raw) for status in STATUSES]
    return _read([*(each.failure("x") for each in problems), *(each.wait({}, NOW) for each in problems)])


READERS: dict[str, Reader] = {
    **{kind: _inspected(kind) for kind in KINDS},
    "vk-plans": _vk_plans,
    "vk-groups": _vk_groups,
    "vk-links": _vk_links,
    "vk-token": lambda raw: _read([decode(raw, Token, "token").expires_in]),
    "vk-refusals": _vk_refusals,
    "direct-campaigns": _direct_campaigns,
    "direct-groups": _direct_list(direct.ad_groups, direct.AdGroup),
    "direct-sitelinks": _direct_list(direct.sitelinks, direct.SitelinksSet),
    "direct-changes": lambda raw: _read([direct.changes(raw)]),
    "direct-refusals": _direct_refusals,
    "qtickets-refusals": _qtickets_refusals,
    "gmail-answer": _gmail_answer,
    "gmail-list": lambda raw: _read(_gmail_api(raw)._page("q", "").messages or ()),  # noqa: SLF001
    "gmail-history": _gmail_history,
    "gmail-token": _gmail_token,
    "gmail-refusals": _gmail_refusals,
}
LISTS: dict[str, Sequence[str]] = {
    "qtickets-barcodes": (),
    **dict.fromkeys(("qtickets-orders", "qtickets-events"), ("data",)),
    **dict.fromkeys(("vk-plans", "vk-groups", "vk-banners"), ("items",)),
    "direct-campaigns": ("result", "Campaigns"),
    "direct-groups": ("result", "AdGroups"),
    "direct-ads": ("result", "Ads"),
    "direct-sitelinks": ("result", "SitelinksSets"),
}


def received(kind: str, raw: bytes) -> int | None:
    """How many records a list holds, told without the reader; None where that cannot be told."""
    if kind not in LISTS:
        return None
    try:
        found = json.loads(raw)
        for name in LISTS[kind]:
            found = found[name]
    except (ValueError, LookupError, TypeError, RecursionError):
        return None
    return len(found) if isinstance(found, list) else None
