"""A report request: its fields, headers and a name that no other request can have.

Belongs here: what is asked. Does not: sending it (`api`), reading the answer (`tsv`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

AD_FIELDS = (
    "Date",
    "CampaignId",
    "CampaignName",
    "AdGroupId",
    "AdGroupName",
    "AdId",
    "AdNetworkType",
    "Impressions",
    "Clicks",
    "Cost",
    "Conversions",
)
MOST_ROWS = 1_000_000  # the vendor's own limit of one report


@dataclass(frozen=True)
class ReportRequest:
    """One report of one login over one period.

    The vendor keeps a finished report for five hours under its name and gives it out again, corrections or not.
    `edition` keeps a later reading from meeting an earlier one's table; it is the same while one report is polled.
    """

    first: date
    last: date
    edition: str
    micros: bool = False
    fields: tuple[str, ...] = AD_FIELDS
    kind: str = "AD_PERFORMANCE_REPORT"
    attempt: int = 1
    summary: bool = True

    def again(self) -> ReportRequest:
        """The same under another name."""
        return replace(self, attempt=self.attempt + 1)

    @property
    def halves(self) -> tuple[ReportRequest, ReportRequest]:
        """The same in two periods; only of more than one day."""
        middle = date.fromordinal((self.first.toordinal() + self.last.toordinal()) // 2)
        after = date.fromordinal(middle.toordinal() + 1)
        return replace(self, last=middle), replace(self, first=after)

    @property
    def headers(self) -> Mapping[str, str]:
        """No title line; the summary stays, because `Total rows` is what proves a table whole."""
        headers = {"processingMode": "auto", "skipReportHeader": "true"}
        if not self.micros:
            headers["returnMoneyInMicros"] = "false"
        if not self.summary:
            headers["skipReportSummary"] = "true"
        return headers

    @property
    def body(self) -> Mapping[str, Any]:
        return {"params": {**self._params(), "ReportName": self.name}}

    @property
    def name(self) -> str:
        """Equal parameters, headers, edition and attempt give an equal name; anything else another one."""
        asked = [self._params(), self.headers, self.edition, self.attempt]
        mark = hashlib.sha256(json.dumps(asked, sort_keys=True, ensure_ascii=False).encode()).hexdigest()[:16]
        return f"zakaz-{self.first}-{self.last}-{mark}"

    def _params(self) -> dict[str, Any]:
        return {
            "SelectionCriteria": {"DateFrom": self.first.isoformat(), "DateTo": self.last.isoformat()},
            "FieldNames": list(self.fields),
            "OrderBy": [{"Field": self.fields[0]}],
            "ReportType": self.kind,
            "DateRangeType": "CUSTOM_DATE",
            "Format": "TSV",
            "IncludeVAT": "YES",
        }
