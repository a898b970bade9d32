"""The vendors of the race on a loopback socket: `python -m benchmarks.race_vendor FOLDER`; prints its port as JSON.

`PUT /fault/<name>` makes it lie from then on: `window` answers the whole account whatever was asked, `half` gives half
the records of one page (or of the report), `hang` stops answering in the middle, '-' ends the lie. `GET /count` says
how many requests came since the last `PUT`.
"""

from __future__ import annotations

import json
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

LINK = "https://tickets.example.ru/show?utm_source=yandex&utm_medium=cpc&utm_content=tomsk_05_12&id="
WHOLE = "2026-01-01T00:00:00+03:00"


class Vendor(BaseHTTPRequestHandler):
    """QTickets and Direct by path; nothing is computed that the recorded bodies already say."""

    protocol_version = "HTTP/1.1"
    folder = Path()
    fault = "-"
    count = 0

    def do_PUT(self) -> None:
        type(self).fault, type(self).count = self.path.rpartition("/")[2], 0
        self._answer(b"{}")

    def do_GET(self) -> None:
        if self.path == "/count":
            self._answer(json.dumps(type(self).count).encode())
            return
        asked = self._asked()
        self._answer(self._page(asked["page"], asked.get("where")))

    def do_POST(self) -> None:
        asked, service = self._asked(), self.path.rpartition("/")[2]
        if service == "reports":
            self._answer(self._report(), "text/tab-separated-values; charset=utf-8")
        else:
            ids = asked["params"]["SelectionCriteria"].get("Ids", [])
            self._answer(json.dumps({"result": OBJECTS[service](ids)}).encode())

    def log_message(self, *_: object) -> None: ...

    def _asked(self) -> Any:
        type(self).count += 1
        return json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)))

    def _page(self, page: int, where: Any) -> bytes:
        pages = sorted(int(path.stem) for path in self.folder.glob("*.json"))
        if where and where[0]["value"] > WHOLE and self.fault != "window":
            return self._filtered(where, page)
        if self.fault == "hang" and page > len(pages) // 2:
            time.sleep(3600)
        body = (self.folder / f"{page}.json").read_bytes()
        if self.fault == "half" and page == len(pages) // 2:
            found = json.loads(body)
            return json.dumps({**found, "data": found["data"][::2]}, ensure_ascii=False).encode()
        return body

    def _filtered(self, where: Any, page: int) -> bytes:
        """The orders of a shorter period, which only the faults ask for."""
        bodies = [
            json.loads(path.read_bytes()) for path in sorted(self.folder.glob("*.json"), key=lambda at: int(at.stem))
        ]
        first, last = (each["value"] for each in where)
        found = [order for body in bodies for order in body["data"] if first <= order["payed_at"] < last]
        size = bodies[0]["paging"]["perPage"]
        paging = {"perPage": size, "currentPage": page, "total": len(found)}
        return json.dumps({"data": found[(page - 1) * size : page * size], "paging": paging}).encode()

    def _report(self) -> bytes:
        body = (self.folder / "report.tsv").read_bytes()
        return body[: body.rfind(b"\n", 0, len(body) // 2) + 1] if self.fault == "half" else body

    def _answer(self, body: bytes, kind: str = "application/json") -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _ads(ids: list[int]) -> dict[str, Any]:
    return {"Ads": [{"Id": ad, "CampaignId": 1, "AdGroupId": 1, "Type": "TEXT_AD", "State": "ON",
                     "TextAd": {"Title": "Афиша", "Href": f"{LINK}{ad}"}} for ad in ids]}  # fmt: skip


def _campaigns(ids: list[int]) -> dict[str, Any]:
    track = {"TrackingParams": "utm_campaign={campaign_id}"}
    return {"Campaigns": [{"Id": each, "Name": f"Кампания {each}", "Type": "TEXT_CAMPAIGN", "State": "ON",
                           "Currency": "RUB", "TextCampaign": track} for each in ids or range(1, 301)]}  # fmt: skip


OBJECTS = {
    "ads": _ads,
    "adgroups": lambda ids: {"AdGroups": [{"Id": group, "CampaignId": 1, "TrackingParams": None} for group in ids]},
    "campaigns": _campaigns,
}


def main() -> None:
    Vendor.folder = Path(sys.argv[1])
    with ThreadingHTTPServer(("127.0.0.1", 0), Vendor) as server:
        print(json.dumps({"port": server.server_address[1]}), flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main()
