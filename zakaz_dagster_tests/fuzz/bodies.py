"""Whole inputs to be damaged: what the sandbox answers, our own small reports, and recorded bodies where they are present."""

from __future__ import annotations

import base64
import io
import json
import os
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from email.message import EmailMessage
from fnmatch import fnmatch
from functools import cache
from pathlib import Path
from typing import Any

from openpyxl import Workbook

from zakaz_dagster.dev.sandbox.gmail.reports import as_xlsx as workbook
from zakaz_dagster_tests.fuzz.sandbox_bodies import answers
from zakaz_dagster_tests.plugins.recorded import PROJECT

SHARED = PROJECT.parent / "shared"
RECORDED = Path(os.environ.get("ZAKAZ_RECORDED_BODIES") or SHARED / "fixtures")
CASES = Path(os.environ.get("ZAKAZ_CASES") or SHARED / "cases")
Row = list[str]


@dataclass(frozen=True)
class Seed:
    """A whole input: the reader it is for, where it comes from, its bytes."""

    reader: str
    origin: str
    raw: bytes

    @property
    def tree(self) -> Any:
        """The input as JSON; None when it is none."""
        try:
            return json.loads(self.raw)
        except ValueError:
            return None


# The first pattern that fits a recorded file names its readers; "" is for what no source ever reads.
READERS_OF = {
    "qtickets/10_*": "qtickets-refusals",
    "qtickets/11_*headers*": "",
    "qtickets/*events*": "qtickets-events",
    "qtickets/*": "qtickets-orders",
    "vk_ads/*/A1_*": "vk-plans",
    "vk_ads/*/A2_*": "vk-groups",
    "vk_ads/*/*ad_plans_*": "vk-plans",
    "vk_ads/*/*ad_plan_*": "vk-plans",
    "vk_ads/*/*banners_list*": "vk-banners",
    "vk_ads/*/*ad_groups_list*": "vk-groups",
    "vk_ads/*/agency*": "vk-plans",
    "vk_ads/*/token_*": "vk-token",
    "vk_ads/*/urls*": "vk-links",
    "vk_ads/*/*error*": "vk-refusals",
    "vk_ads/*/*fail*": "vk-refusals",
    "vk_ads/*/throttling*": "vk-refusals",
    "vk_ads/*": "vk-statistics",
    "yandex_direct/reports/E*": "direct-refusals",
    "yandex_direct/reports/P*": "direct-ads",
    "yandex_direct/reports/*": "direct-report",
    "yandex_direct/recorded/*error*": "direct-refusals",
    "yandex_direct/recorded/campaigns*": "direct-campaigns",
    "yandex_direct/recorded/clients*": "direct-campaigns",
    "yandex_direct/recorded/adgroups*": "direct-groups",
    "yandex_direct/recorded/ads*": "direct-ads",
    "yandex_direct/recorded/sitelinks*": "direct-sitelinks",
    "yandex_direct/recorded/changes*": "direct-changes",
    "yandex_direct/recorded/reports*": "direct-report",
    "gmail/recorded/*": "gmail-message",
    "gmail/api/L*": "gmail-list",
    "gmail/api/H*": "gmail-history",
    "gmail/api/T*": "gmail-token",
    "gmail/api/E*": "gmail-refusals",
    "*/README.md": "",
    "README.md": "",
}


def recorded_files() -> list[Path]:
    return sorted(path for path in RECORDED.rglob("*") if path.is_file()) if RECORDED.is_dir() else []


def reader_of(path: Path) -> str | None:
    """The reader of a recorded file, None when no pattern names one."""
    name = path.relative_to(RECORDED).as_posix()
    if path.suffix == ".md":
        return ""
    return next((reader for pattern, reader in READERS_OF.items() if fnmatch(name, pattern)), None)


def recorded() -> Iterator[Seed]:
    """Recorded bodies, each as its reader would have got it."""
    for path in recorded_files():
        if reader := reader_of(path):
            yield Seed(reader, path.name, _answer(path.read_bytes()))
    for path in sorted(CASES.glob("*/expected.json")):
        case = json.loads(path.read_text("utf-8"))
        yield Seed(case["kind"], path.parent.name, (path.parent / case["input"]).read_bytes())


def _answer(raw: bytes) -> bytes:
    """The body within a saved exchange; what was shortened to samples is put into a list again."""
    try:
        body = json.loads(raw)
    except ValueError:
        return raw
    if not isinstance(body, dict):
        return raw
    found = body.get("response", body)
    found = found.get("body", found) if "request" in body and isinstance(found, dict) else found
    sample = next((body[name] for name in body if name.startswith("sample_")), None)
    if sample is not None:
        found = {"items": sample, "count": len(sample)}
    if "daily_breakdown_sample" in body:
        found = {"items": [{"id": 1, "rows": body["daily_breakdown_sample"]}]}
    return raw if found is body else found.encode() if isinstance(found, str) else json.dumps(found).encode()


REPORT: list[Row] = [
    ["Дата", "Мероприятие", "Город", "Продано билетов", "Сумма, руб.", "Возвраты, шт.", "Сумма возвратов"],
    ["21.11.2026", "Динозавры", "Томск", "12", "9 600,00", "1", "800,00"],
    ["21.11.2026", "Слава Полунин", "Омск", "3", "2 400,00", "0", "0,00"],
    ["20.11.2026", "Ёлка", "Тюмень", "7", "10 010,50", "2", "2 860,00"],
    ["20.11.2026", "Орган и свет", "Барнаул", "41", "1 000,00", "0", "0,00"],
    ["Итого", "", "", "63", "23 010,50", "3", "3 660,00"],
]
PLAN: list[Row] = [
    ["Дата", "Мероприятие", "Город", "Билеты", "Выручка, руб."],
    ["01.12.2026", "Динозавры", "Томск", "100", "80 000,00"],
    ["02.12.2026", "Слава Полунин", "Омск", "51", "40 000,00"],
    ["03.12.2026", "Ёлка", "Тюмень", "7", "12 345,60"],
]
EXPORT: list[Row] = [
    ["Дата", "№ кампании", "Кампания", "№ группы", "№ объявления", "Показы", "Клики", "Расход, руб. (с НДС)"],
    ["21.11.2026", "700", "Динозавры", "71", "72", "1 000", "10", "150,00"],
    ["21.11.2026", "701", "Слава Полунин", "73", "74", "500", "5", "75,50"],
    ["20.11.2026", "702", "Ёлка", "75", "76", "12", "1", "1 010,50"],
]
DIRECT: list[Row] = [
    ["Date", "CampaignId", "CampaignName", "AdGroupId", "AdId", "Impressions", "Clicks", "Cost"],
    ["2026-11-21", "700", "Динозавры", "71", "72", "1000", "10", "150000000"],
    ["2026-11-21", "701", "Слава Полунин", "73", "74", "500", "5", "75500000"],
    ["2026-11-20", "702", "Ёлка", "75", "76", "12", "1", "1010500000"],
]
LINKS = "tomsk_01_12\nvk/tomsk/afisha\nмск_31_02\nhttps://x.ru/?utm_source=vk&utm_content=omsk_02_12%20\n"


def separated(rows: list[Row], separator: str = ";") -> bytes:
    return "\n".join(separator.join(row) for row in rows).encode("utf-8", "surrogatepass")


def html(rows: list[Row]) -> bytes:
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<html><body><p>Отчёт</p><table>{body}</table></body></html>".encode("utf-8", "surrogatepass")


def spreadsheet() -> bytes:
    """A workbook with numbers and dates of its own, a merged cell and a hidden row."""
    made = Workbook()
    sheet = made.active
    assert sheet is not None
    sheet.append(REPORT[0])
    for number, row in enumerate(REPORT[1:-1], start=1):
        sheet.append([date(2026, 11, 20 + number % 2), *row[1:3], 10 * number, 1234.5 * number, 0, 0])
    sheet.merge_cells("C4:C5")
    sheet.row_dimensions[3].hidden = True
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def zipped(rows: list[Row]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("report.csv", separated(rows))
    return out.getvalue()


def message(rows: list[Row]) -> bytes:
    """A mail as the API gives it, with the table in its body."""
    data = base64.urlsafe_b64encode(html(rows)).decode()
    headers = [
        {"name": "From", "value": "reports@qtickets.ru"},
        {"name": "Date", "value": "Sun, 22 Nov 2026 09:00:00 +0300"},
    ]
    part = {
        "partId": "0",
        "mimeType": "text/html",
        "filename": "",
        "headers": [],
        "body": {"size": len(data), "data": data},
    }
    payload = {
        "partId": "",
        "mimeType": "multipart/mixed",
        "filename": "",
        "headers": headers,
        "body": {"size": 0},
        "parts": [part],
    }
    return json.dumps({"id": "1a", "internalDate": "1795327200000", "labelIds": [], "payload": payload}).encode()


def mail(rows: list[Row], *, attached: bool = True) -> bytes:
    made = EmailMessage()
    made["From"], made["Subject"], made["Date"] = "reports@qtickets.ru", "Отчёт", "Sun, 22 Nov 2026 09:00:00 +0300"
    made.set_content("Отчёт")
    made.add_alternative(html(rows).decode("utf-8", "replace"), subtype="html")
    if attached:
        made.add_attachment(workbook(rows), maintype="application", subtype="vnd.ms-excel", filename="r.xlsx")
    return made.as_bytes()


def own() -> Iterator[Seed]:
    """Small inputs of kinds that neither the sandbox nor anybody's recording has."""
    for made in (
        html(REPORT),
        workbook(REPORT),
        spreadsheet(),
        zipped(REPORT),
        separated(REPORT),
        separated(REPORT).decode().encode("utf-16"),
    ):
        yield Seed("mail-file", "own", made)
    for made in (workbook(PLAN), html(PLAN), separated(PLAN)):
        yield Seed("plan", "own", made)
    for made in (
        separated(EXPORT),
        separated(EXPORT).decode().encode("cp1251"),
        workbook(EXPORT),
        separated(DIRECT, "\t"),
    ):
        yield Seed("direct-report", "own", made)
    yield Seed("gmail-message", "own", mail(REPORT))
    yield Seed("utm", "own", LINKS.encode())
    link = {"items": [{"id": 1, "url": "https://x.ru/?utm_content=tomsk_01_12"}, {"id": 2, "url": None}]}
    yield Seed("vk-links", "own", json.dumps(link).encode())
    sets = {"result": {"SitelinksSets": [{"Id": 5, "Sitelinks": [{"Title": "Т", "Href": "https://x.ru/"}]}]}}
    yield Seed("direct-sitelinks", "own", json.dumps(sets).encode())
    stat = {"CampaignId": 700, "BorderDate": str(date(2026, 11, 1))}
    changed = {"result": {"Timestamp": "2026-11-21T00:00:00Z", "Modified": {"CampaignsStat": [stat]}}}
    yield Seed("direct-changes", "own", json.dumps(changed).encode())
    refusal = {
        "case": "own",
        "http_status": 503,
        "content_type": "application/json",
        "body": '{"code":"UNKNOWN_ERROR"}',
    }
    yield Seed("qtickets-refusals", "own", json.dumps([refusal]).encode())


@cache
def seeds() -> dict[str, list[Seed]]:
    """Every whole input by its reader."""
    found: dict[str, list[Seed]] = {}
    sandbox = [Seed(reader, "sandbox", raw) for reader, raw in answers()]
    for made in (*own(), *sandbox, *recorded()):
        found.setdefault(made.reader, []).append(made)
    return found


TABLES: dict[str, tuple[list[Row], dict[str, Callable[[list[Row]], bytes]]]] = {
    "mail-file": (REPORT, {"csv": separated, "html": html, "xlsx": workbook, "zip": zipped}),
    "gmail-message": (REPORT, {"json": message, "eml": mail}),
    "plan": (PLAN, {"csv": separated, "html": html, "xlsx": workbook}),
    "direct-report": (EXPORT, {"csv": separated, "xlsx": workbook}),
}  # fmt: skip
