"""Read-only questions to the live API whose answers the documentation leaves open (`zakaz doctor --live`).

Belongs here: one question, one line of answer; a question that fails says so and the next is asked. Does not: verdicts,
the loader works either way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from decimal import Decimal
from http import HTTPStatus
from typing import Any, NamedTuple

from zakaz_dagster.errors import Failure
from zakaz_dagster.sources.vk_ads.api import EVERY_STATUS, VkAdsApi
from zakaz_dagster.sources.vk_ads.errors import words
from zakaz_dagster.sources.vk_ads.records import decode
from zakaz_dagster.sources.vk_ads.rows import Vat
from zakaz_dagster.transport.answer import Response

LARGEST_PAGE = 250
NOBODYS_ID = 1


class Fact(NamedTuple):
    question: str
    answer: str


def facts(api: VkAdsApi, today: date, vat: Vat) -> Iterator[Fact]:
    """Questions and answers; `today` is the Moscow date."""
    questions: dict[str, Callable[[], str]] = {
        "account": lambda: _account(api),
        "page cap": lambda: _page_cap(api),
        "deleted objects": lambda: _deleted(api),
        "sorting of banners": lambda: _sorting(api),
        "prefix of error codes": lambda: _prefix(api, today),
        "shape of 401": lambda: _unauthorized(api),
        "VAT": lambda: _vat(api, today, vat),
        "limits": lambda: _limits(api),
    }
    for name, ask in questions.items():
        try:
            yield Fact(name, ask())
        except Failure as failure:
            yield Fact(name, f"not answered: {failure.what}")


def _account(api: VkAdsApi) -> str:
    body = _json(api.get("/api/v3/user.json", {}))
    return f"{body.get('username', '?')}, currency {body.get('currency', '?')}, status {body.get('status', '?')}"


def _page_cap(api: VkAdsApi) -> str:
    response = api.get("/api/v2/banners.json", {"fields": "id", "limit": LARGEST_PAGE})
    if not response.is_success:
        return f"{LARGEST_PAGE} refused ({words(response)}): keep VK_ADS_PAGE_SIZE at 50"
    body = _json(response)
    came, count = len(body["items"]), body.get("count")
    if came == LARGEST_PAGE:
        return f"{LARGEST_PAGE} given: VK_ADS_PAGE_SIZE={LARGEST_PAGE} saves requests"
    return f"{came} of {count} objects given for limit={LARGEST_PAGE}"


def _deleted(api: VkAdsApi) -> str:
    answers = []
    for resource in ("ad_groups", "banners"):
        plain = _json(api.get(f"/api/v2/{resource}.json", {"fields": "id", "limit": 1})).get("count")
        every = {"fields": "id", "limit": 1, "_status__in": EVERY_STATUS}
        answers.append(
            f"{resource}: {plain} by default, {_json(api.get(f'/api/v2/{resource}.json', every)).get('count')} in all"
        )
    return "; ".join(answers)


def _sorting(api: VkAdsApi) -> str:
    response = api.get("/api/v2/banners.json", {"fields": "id", "limit": 20, "sorting": "id"})
    if not response.is_success:
        return f"refused: {words(response)}"
    ids = [item["id"] for item in _json(response)["items"]]
    return "by id" if ids == sorted(ids) else "ignored"


def _prefix(api: VkAdsApi, today: date) -> str:
    day = (today - timedelta(days=1)).isoformat()
    params = {"id": NOBODYS_ID, "date_from": day, "date_to": day, "metrics": "base"}
    response = api.get("/api/v2/statistics/ad_groups/day.json", params)
    return f"statistics of a foreign id: {words(response)}; as written: {_code_as_written(response)}"


def _unauthorized(api: VkAdsApi) -> str:
    response = api.http.request("GET", "/api/v3/user.json", headers={"Authorization": "Bearer not-a-token"})
    if response.status_code != HTTPStatus.UNAUTHORIZED:
        return f"a wrong token was answered with {words(response)}"
    return f"{'nested' if 'error' in _json(response) else 'flat'}: {words(response)}"


def _vat(api: VkAdsApi, today: date, vat: Vat) -> str:
    """One busy group of yesterday, to be compared with the cabinet by a person."""
    day = today - timedelta(days=1)
    groups = _json(api.get("/api/v2/ad_groups.json", {"fields": "id", "limit": 50, "_status__in": "active"}))["items"]
    if not groups:
        return "no active ad group to compare"
    ids = ",".join(str(group["id"]) for group in groups)
    params = {"id": ids, "date_from": day.isoformat(), "date_to": day.isoformat(), "metrics": "base"}
    items = _json(api.get("/api/v2/statistics/ad_groups/day.json", params))["items"]
    spent = {item["id"]: Decimal(str(item["total"]["base"]["spent"])) for item in items}
    top = max(spent, key=lambda id_: spent[id_])
    gross = (spent[top] * (1 + vat.rate(day) / 100)).quantize(Decimal("0.01"))
    return f"ad group {top}, {day}: API says {spent[top]}, with {vat.rate(day)} % VAT {gross}; compare with the cabinet"


def _limits(api: VkAdsApi) -> str:
    response = api.get("/api/v2/throttling.json", {})
    windows = [
        f"{name} {version}: {_per_window(kinds['READ']['limits'])}"
        for name, versions in _json(response).items()
        for version, kinds in versions.items()
        if isinstance(kinds, dict) and "READ" in kinds
    ]
    return "; ".join(windows) or "none named"


def _per_window(limits: dict[str, int]) -> str:
    return ", ".join(f"{limit} per {seconds} s" for seconds, limit in limits.items())


def _code_as_written(response: Response) -> str:
    error = _json(response).get("error", {})
    return str(error.get("code", "no code")) if isinstance(error, dict) else str(error)


def _json(response: Response) -> dict[str, Any]:
    return decode(response.content, dict[str, Any], "the answer")
