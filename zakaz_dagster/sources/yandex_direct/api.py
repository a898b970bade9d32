"""Direct's protocol: reports that are queued and polled, objects that come in pages, changes, points.

Belongs here: addresses, headers, paging, polling, renaming. Does not: shapes (`records`), tables (`tsv`), what an
error code means (`errors`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

from zakaz_dagster.errors import Failure, Retriable
from zakaz_dagster.sources.base import ODD_SHARE, Reject
from zakaz_dagster.sources.odd_records import Odd
from zakaz_dagster.sources.yandex_direct import records
from zakaz_dagster.sources.yandex_direct.errors import (
    LIMIT_WAIT,
    POINTS_WAIT,
    NameSpent,
    NameTaken,
    ReportJudge,
    ServiceJudge,
)
from zakaz_dagster.sources.yandex_direct.records import SOURCE
from zakaz_dagster.sources.yandex_direct.request import ReportRequest
from zakaz_dagster.transport.answer import Response
from zakaz_dagster.transport.client import Call, Download, HttpClient
from zakaz_dagster.transport.log import Stats
from zakaz_dagster.transport.pages import Page, read_pages

PAGE = 10_000
MOST_CHECKED = 3_000  # campaigns in one changes.check
NAMES = 3  # names tried for one report
READ_ONLY = re.compile(r"/v\d+/(reports|campaigns|adgroups|ads|sitelinks|changes)", re.ASCII)
METHODS = {"reports": None, "changes": "check"}  # of all others it is `get`

_Item = TypeVar("_Item", records.Campaign, records.AdGroup, records.Ad, records.SitelinksSet)


class Read(Protocol[_Item]):
    """How a page of a service is read: its body, the share of it that may be odd, and whether ids were asked for."""

    def __call__(self, body: bytes, share: float, *, by_ids: bool) -> records.Page[_Item]: ...


@dataclass(frozen=True)
class _Service(Generic[_Item]):
    """One `get` service: what is asked of it, how its pages are read, how many ids it takes."""

    name: str
    fields: records.Fields
    read: Read[_Item]
    most_ids: int = 10_000


CAMPAIGNS = _Service("campaigns", records.CAMPAIGN_FIELDS, records.campaigns, most_ids=1_000)
AD_GROUPS = _Service("adgroups", records.AD_GROUP_FIELDS, records.ad_groups)
ADS = _Service("ads", records.AD_FIELDS, records.ads)
SITELINKS = _Service("sitelinks", records.SITELINK_FIELDS, records.sitelinks)


class Found(NamedTuple, Generic[_Item]):
    """Objects of a service, and what was odd in some of them."""

    items: list[_Item]
    rejects: list[Reject]


@dataclass(frozen=True)
class DirectConfig:
    """How to reach Direct; seconds: `limit_wait` after a request limit, `points_wait` the first one without points."""

    base_url: str
    token: str
    reports_version: str = "v5"
    objects_version: str = "v501"
    requests_per_second: float = 2.0
    timeout: float = 120.0
    deadline: float = 1800.0
    limit_wait: float = LIMIT_WAIT
    points_wait: float = POINTS_WAIT
    odd_share: float = ODD_SHARE


@dataclass(frozen=True)
class Units:
    """Points of a login as of its last answer: spent by that request, left, and the day's limit."""

    spent: int
    left: int
    daily: int


class DirectApi:
    """All logins of one token."""

    def __init__(self, config: DirectConfig) -> None:
        self._config = config
        self.odd_share = config.odd_share
        self.units: dict[str, Units] = {}
        self._http = HttpClient(
            SOURCE,
            config.base_url,
            headers={"Authorization": f"Bearer {config.token}", "Accept-Language": "en"},
            timeout=config.timeout,
            deadline=config.deadline,
            deadline_setting="DIRECT_DEADLINE_SECONDS",
            requests_per_second=config.requests_per_second,
            allow=_reads_only,
            secrets=[config.token],
        )

    @property
    def stats(self) -> Stats:
        return self._http.stats

    def close(self) -> None:
        self._http.close()

    @contextmanager
    def report(self, login: str, request: ReportRequest, version: str = "") -> Iterator[Download]:
        """The finished table, however long the vendor's queue is; ReportTooLarge when a shorter period is needed.

        `version` stands in for the one of the settings (`v5`, `v501`).
        """
        with ExitStack() as stack:
            yield self._open_report(stack, login, request, version or self._config.reports_version)

    def campaigns(self, login: str, ids: Sequence[int] | None = None) -> Found[records.Campaign]:
        """The named campaigns, or all of the login."""
        return self._all(login, CAMPAIGNS, {}) if ids is None else self._by_ids(login, CAMPAIGNS, ids)

    def ad_groups(self, login: str, ids: Sequence[int]) -> Found[records.AdGroup]:
        return self._by_ids(login, AD_GROUPS, ids)

    def ads(self, login: str, ids: Sequence[int]) -> Found[records.Ad]:
        return self._by_ids(login, ADS, ids)

    def sitelinks(self, login: str, ids: Sequence[int]) -> Found[records.SitelinksSet]:
        return self._by_ids(login, SITELINKS, ids)

    def corrected(self, login: str, campaign_ids: Sequence[int], since: datetime) -> records.Changes:
        """For each campaign whose figures were corrected since then, the earliest day that changed.

        Campaigns that the vendor did not look at are asked for again; raises Retriable when it looks at none any more,
        so that nobody goes on from the answer's timestamp.
        """
        stamp = since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        borders: dict[int, date] = {}
        cursors = []
        waiting = list(campaign_ids)
        while waiting:
            unprocessed: list[int] = []
            for chunk in _chunks(waiting, MOST_CHECKED):
                params = {"CampaignIds": chunk, "Timestamp": stamp, "FieldNames": ["CampaignsStat"]}
                answer = records.changes(self._call(login, "changes", "check", params))
                borders |= answer.borders
                cursors.append(answer.timestamp)
                unprocessed += answer.unprocessed
            if len(unprocessed) >= len(waiting):
                raise Retriable(
                    f"changes.check looked at none of {len(waiting)} campaigns, {waiting[0]} among them",
                    source=SOURCE,
                    day=login,
                    expected="an answer for every campaign",
                    next_step="nothing is lost: the next look asks from the same moment",
                )
            waiting = unprocessed
        return records.Changes(borders, min(cursors, default=since))

    def _open_report(self, stack: ExitStack, login: str, request: ReportRequest, version: str) -> Download:
        failure: Failure | None = None
        for _ in range(NAMES):
            try:
                return stack.enter_context(self._stream_report(login, request, version))
            except (NameTaken, NameSpent) as spent:
                failure = spent
                request = request.again()
        raise failure or AssertionError

    def _stream_report(self, login: str, request: ReportRequest, version: str) -> AbstractContextManager[Download]:
        return self._http.stream(
            "POST",
            f"/{version}/reports",
            json=request.body,
            headers={**request.headers, "Client-Login": login},
            day=f"{login} {request.first}..{request.last}",
            repeatable=True,
            judge=ReportJudge(limit_wait=self._config.limit_wait, points_wait=self._config.points_wait),
        )

    def _by_ids(self, login: str, service: _Service[_Item], ids: Sequence[int]) -> Found[_Item]:
        """Unknown ids are silently left out by the vendor."""
        found = [self._all(login, service, {"Ids": chunk}) for chunk in _chunks(ids, service.most_ids)]
        return Found([item for each in found for item in each.items], [odd for each in found for odd in each.rejects])

    def _all(self, login: str, service: _Service[_Item], criteria: Mapping[str, Any]) -> Found[_Item]:
        rejects: dict[str, Reject] = {}  # by place, as a list may be read again

        def page(offset: int) -> Page[_Item | Odd]:
            asked = {"SelectionCriteria": criteria, **service.fields, "Page": {"Limit": PAGE, "Offset": offset}}
            answer = self._call(login, service.name, "get", asked)
            found = service.read(answer, self.odd_share, by_ids="Ids" in criteria)
            rejects.update({odd.where: odd for odd in found.rejects})
            return Page(found.items, found.following)

        found = read_pages(page, lambda item: item.id, source=SOURCE, what=f"{service.name} of {login}")
        return Found([item for item in found if not isinstance(item, Odd)], list(rejects.values()))

    def _call(self, login: str, service: str, method: str, params: Mapping[str, Any]) -> bytes:
        response = self._http.request(
            "POST",
            f"/{self._config.objects_version}/{service}",
            json={"method": method, "params": params},
            headers={"Client-Login": login},
            day=login,
            repeatable=True,
            judge=ServiceJudge(limit_wait=self._config.limit_wait, points_wait=self._config.points_wait),
        )
        self._note_units(login, response)
        return response.content

    def _note_units(self, login: str, response: Response) -> None:
        parts = response.headers.get("Units", "").split("/")
        if len(parts) == 3 and all(part.isdigit() for part in parts):  # noqa: PLR2004  spent/left/daily
            self.units[login] = Units(*map(int, parts))


def _reads_only(call: Call) -> bool:
    """Every service is a POST and can write, so its method, which stands in the body, is judged as well."""
    service, body = READ_ONLY.fullmatch(call.path), call.content.get("json")
    if call.method != "POST" or service is None or not isinstance(body, Mapping):
        return False
    return body.get("method") == METHODS.get(service[1], "get")


def _chunks(ids: Sequence[int], size: int) -> Iterator[list[int]]:
    for start in range(0, len(ids), size):
        yield list(ids[start : start + size])
