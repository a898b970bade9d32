"""VK Ads' protocol (API v2): whole lists, daily statistics, links; each with a token that is renewed once if refused.

Belongs here: requests and refusals. Does not: waiting and error bodies (`errors`), tokens (`tokens`), meaning.
Only GETs and the token grant are made; the token may be able to create and delete advertisements.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from http import HTTPStatus
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from zakaz_dagster.errors import BadData, Fatal, ShapeChanged
from zakaz_dagster.sources.base import ODD_SHARE, Reject
from zakaz_dagster.sources.odd_records import Odd
from zakaz_dagster.sources.vk_ads.errors import judge, problem_of, words
from zakaz_dagster.sources.vk_ads.records import (
    SOURCE,
    Account,
    AdGroup,
    AdPlan,
    Banner,
    Link,
    ListPage,
    Page,
    decode,
    decode_page,
)
from zakaz_dagster.sources.vk_ads.statistics import IdsRefused
from zakaz_dagster.sources.vk_ads.tokens import TOKEN_PATH, TokenFile, Tokens, refused
from zakaz_dagster.transport import pages
from zakaz_dagster.transport.answer import Response
from zakaz_dagster.transport.client import Call, HttpClient
from zakaz_dagster.transport.log import Stats
from zakaz_dagster.transport.pages import read_pages

Listed = TypeVar("Listed", AdPlan, AdGroup, Banner)
READ_ONLY = re.compile(
    r"/api/v2/(ad_plans|ad_groups|banners|throttling|urls/[\d,]+|statistics/(ad_groups|banners)/day)\.json"
    r"|/api/v[23]/user\.json",
    re.ASCII,
)
EVERY_STATUS = "active,blocked,deleted"  # without it deleted objects, and with them their spend, may be left out
FIELDS = {
    "ad_plans": "id,name,status,objective,date_start,date_end,created,updated",
    "ad_groups": "id,name,status,ad_plan_id,objective,enable_utm,utm,created,updated",
    "banners": "id,ad_group_id,name,status,urls,created,updated",
}
LINKS_AT_ONCE = 50


@dataclass(frozen=True)
class ApiConfig:
    """What the protocol needs to know of the settings."""

    base_url: str
    client_id: str
    client_secret: str
    token_file: Path
    page_size: int = 50
    requests_per_second: float = 3.0
    timeout: float = 60.0
    deadline: float = 900.0
    odd_share: float = ODD_SHARE


class Answer(NamedTuple):
    """A body still to be read, and the name the vendor's support knows it by."""

    content: bytes
    request_id: str


class VkAdsApi:
    """One account. Thread-safe as far as the HTTP client is."""

    def __init__(self, config: ApiConfig, clock: Callable[[], float] = time.time) -> None:
        self.page_size = config.page_size
        self.odd_share = config.odd_share
        self.stats = Stats()
        self._unsorted: set[str] = set()
        self.http = HttpClient(
            SOURCE,
            config.base_url,
            timeout=config.timeout,
            deadline=config.deadline,
            deadline_setting="VK_ADS_DEADLINE_SECONDS",
            requests_per_second=config.requests_per_second,
            judge=judge,
            allow=_reads_only,
            secrets=(config.client_secret,),
            stats=self.stats,
        )
        self.tokens = Tokens(
            self.http,
            TokenFile(config.token_file),
            base_url=config.base_url,
            client_id=config.client_id,
            client_secret=config.client_secret,
            clock=clock,
        )

    def listing(self, resource: str, kind: type[Listed]) -> tuple[list[Listed], list[Reject]]:
        """Every object of a list, each once, deleted ones included, in the order of ids; and what was odd in them.

        An object without a readable id is only a reject. Raises Retriable when the list does not stand still.
        """
        rejects: dict[str, Reject] = {}  # by place, as a list may be read again

        def page(offset: int) -> pages.Page[Listed | Odd]:
            body = self._page(resource, kind, offset)
            rejects.update({reject.where: reject for reject in body.rejects})
            following = offset + len(body.items)
            ends = not body.items or (body.count is not None and following >= body.count)
            return pages.Page(body.items, None if ends else following, body.count)

        found = read_pages(page, lambda item: item.id, source=SOURCE, what=resource)
        nameless = [item.id for item in found if isinstance(item, Odd)]
        if nameless and resource == "ad_groups":
            raise BadData(
                f"ad_groups: {len(nameless)} groups came without a readable id, the first: {nameless[0][:200]}",
                source=SOURCE,
                expected="the id of every group: without it its spend cannot be asked for",
                next_step="nothing was changed; run it again, and if it stays ask VK support about this group",
            )
        return [item for item in found if not isinstance(item, Odd)], list(rejects.values())

    def currency(self) -> str:
        """The currency of the account's money, "" when VK does not name it."""
        for path in ("/api/v3/user.json", "/api/v2/user.json"):
            response = self.get(path, {})
            if response.is_success and (said := decode(response.content, Account, f"GET {path}").currency):
                return said
        if not response.is_success:
            raise _refusal(path, response)
        return ""

    def statistics(self, level: str, ids: Sequence[int], first: date, last: date) -> Answer:
        """Daily base metrics of at most 200 objects; raises IdsRefused when one of them is refused."""
        path = f"/api/v2/statistics/{level}/day.json"
        span = f"{first}..{last}" if first != last else str(first)
        params = {
            "id": ",".join(map(str, ids)),
            "date_from": first.isoformat(),
            "date_to": last.isoformat(),
            "metrics": "base",
        }
        response = self.get(path, params, day=span)
        if response.is_success:
            return Answer(response.content, _request_id(response))
        if problem_of(response).names_ids:
            raise IdsRefused(words(response))
        raise _refusal(path, response, span)

    def links(self, ids: Sequence[int]) -> dict[int, str]:
        """Addresses of link objects; unknown ids are absent."""
        found: dict[int, str] = {}
        for start in range(0, len(ids), LINKS_AT_ONCE):
            path = f"/api/v2/urls/{','.join(map(str, ids[start : start + LINKS_AT_ONCE]))}.json"
            response = self.get(path, {})
            if response.status_code == HTTPStatus.NOT_FOUND:  # the answer for a single unknown id
                continue
            if not response.is_success:
                raise _refusal(path, response)
            items = _link_items(response, path)
            found.update({link.id: link.url for link in items if link.id is not None and link.url})
        return found

    def get(self, path: str, params: Mapping[str, Any], *, day: str | None = None) -> Response:
        """The answer to a GET, a refusal other than 401 included; a refused token is replaced once."""
        token = self.tokens.token()
        response = self._get(path, params, token, day)
        if response.status_code != HTTPStatus.UNAUTHORIZED:
            return response
        if problem_of(response).code in {"invalid_client", "invalid_user"}:
            raise refused(response)
        response = self._get(path, params, self.tokens.after_refusal(token), day)
        if response.status_code == HTTPStatus.UNAUTHORIZED:
            raise refused(response)
        return response

    def _get(self, path: str, params: Mapping[str, Any], token: str, day: str | None) -> Response:
        headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
        return self.http.request("GET", path, params=dict(params) or None, headers=headers, day=day)

    def _page(self, resource: str, kind: type[Listed], offset: int) -> ListPage[Listed]:
        path = f"/api/v2/{resource}.json"
        params = {
            "fields": FIELDS[resource],
            "_status__in": EVERY_STATUS,
            **({} if resource in self._unsorted else {"sorting": "id"}),
            "limit": self.page_size,
            "offset": offset,
        }
        response = self.get(path, params)
        if "sorting" in params and _refuses_sorting(response):
            self._unsorted.add(resource)  # not documented for banners; `read_pages` proves that pages did not shift
            return self._page(resource, kind, offset)
        if not response.is_success:
            raise _refusal(path, response)
        return decode_page(response.content, kind, resource, _request_id(response), self.odd_share)


def _reads_only(call: Call) -> bool:
    """The token may spend money; what is asked here changes nothing, but for tokens of its own."""
    if call.method == "POST":
        return call.path == TOKEN_PATH
    return call.method == "GET" and READ_ONLY.fullmatch(call.path) is not None


def _refuses_sorting(response: Response) -> bool:
    return response.status_code == HTTPStatus.BAD_REQUEST and "sorting" in problem_of(response).message


def _link_items(response: Response, path: str) -> list[Link]:
    """`{"items": [...]}` for several ids; one id answers with the object itself."""
    if b'"items"' in response.content:
        return decode(response.content, Page[Link], f"GET {path}", _request_id(response)).items
    return [decode(response.content, Link, f"GET {path}", _request_id(response))]


def _refusal(path: str, response: Response, day: str | None = None) -> Fatal:
    """The failure for an answer that is neither data nor worth asking again."""
    code = problem_of(response).code
    what = f"GET {path}: {words(response)}"
    if "resource_field" in code:
        return ShapeChanged(what, source=SOURCE, day=day, next_step="compare the fields asked for with the contract")
    if code == "validation_failed" and "limit" in problem_of(response).message:
        step = "set VK_ADS_PAGE_SIZE to 50, the documented maximum"
    elif code == "limit_exceeded":
        step = "lower VK_ADS_CHUNK (50 ids is the smallest limit seen) or load fewer days at once"
    elif response.status_code == HTTPStatus.FORBIDDEN:
        step = "give the API client the scope read_ads, and its user access to the account"
    else:
        step = "compare the request with the contract, and VK_ADS_BASE_URL with the vendor's present address"
    return Fatal(what, source=SOURCE, day=day, next_step=step)


def _request_id(response: Response) -> str:
    return str(response.headers.get("x-request-id", ""))
