"""Gmail in the sandbox over a bare socket: shapes, formats and habits of the API as documented."""

from __future__ import annotations

import base64
import gzip
import json
import urllib.error
import urllib.request
from email import message_from_bytes, policy
from typing import Any
from urllib.parse import urlencode

import pytest

from zakaz_dagster.dev.sandbox.gmail.query import Envelope, compiled

QUERY = "{subject:QTickets from:qtickets.ru}"
NOW = 1_795_338_000


class Gmail:
    def __init__(self, sandbox: Any, scope: str = "https://www.googleapis.com/auth/gmail.readonly") -> None:
        self.url = f"{sandbox.url}/gmail"
        form = {
            "grant_type": "refresh_token",
            "client_id": "sandbox-gmail-client",
            "client_secret": "sandbox-gmail-secret",
            "refresh_token": "sandbox-gmail-refresh",
            "scope": scope,
        }
        self.token = self._open("/token", urlencode(form).encode())["access_token"]

    def get(self, path: str, **query: Any) -> Any:
        return self._open(f"/gmail/v1/users/me{path}?{urlencode(query, doseq=True)}")

    def post(self, path: str, body: dict[str, Any]) -> Any:
        return self._open(f"/gmail/v1/users/me{path}", json.dumps(body).encode())

    def _open(self, path: str, data: bytes | None = None) -> Any:
        headers = {"Authorization": f"Bearer {self.token}"} if hasattr(self, "token") else {}
        request = urllib.request.Request(self.url + path, data, {**headers, "Accept-Encoding": "gzip"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            raw = answer.read()
            self.encoding = answer.headers.get("content-encoding", "")
        return json.loads(gzip.decompress(raw) if self.encoding == "gzip" else raw)


@pytest.fixture
def gmail(sandbox: Any) -> Gmail:
    return Gmail(sandbox)


def refused(act: Any) -> tuple[int, dict[str, Any]]:
    with pytest.raises(urllib.error.HTTPError) as caught:
        act()
    return caught.value.code, json.loads(caught.value.read())["error"]


def test_a_list_has_ids_only_newest_first_with_a_guess_of_its_size(gmail: Gmail) -> None:
    page = gmail.get("/messages", q=QUERY, maxResults=5)
    assert page["resultSizeEstimate"] == 201
    assert [set(ref) for ref in page["messages"]] == [{"id", "threadId"}] * 5
    moments = [int(gmail.get(f"/messages/{ref['id']}", format="minimal")["internalDate"]) for ref in page["messages"]]
    assert moments == sorted(moments, reverse=True)
    rest = gmail.get("/messages", q=QUERY, maxResults=5, pageToken=page["nextPageToken"])
    assert not {ref["id"] for ref in rest["messages"]} & {ref["id"] for ref in page["messages"]}
    assert gmail.get("/messages", q="subject:nothing") == {"resultSizeEstimate": 0}


def test_each_format_shows_what_it_should(gmail: Gmail) -> None:
    found = gmail.get("/messages", q=QUERY)["messages"][0]["id"]
    full = gmail.get(f"/messages/{found}", format="full")
    assert gmail.encoding == "gzip"
    assert "raw" not in full
    assert full["payload"]["partId"] == ""
    raw = gmail.get(f"/messages/{found}", format="raw")
    assert "payload" not in raw
    message = message_from_bytes(base64.urlsafe_b64decode(raw["raw"] + "=="), policy=policy.default)
    assert "QTickets" in message["Subject"]
    metadata = gmail.get(f"/messages/{found}", format="metadata", metadataHeaders=["Subject", "Date"])
    assert {header["name"] for header in metadata["payload"]["headers"]} == {"Subject", "Date"}
    assert "payload" not in gmail.get(f"/messages/{found}", format="minimal")


def test_text_bodies_come_as_utf8_whatever_their_header_says(gmail: Gmail) -> None:
    for ref in gmail.get("/messages", q=QUERY, maxResults=60)["messages"]:
        for part in leaves(gmail.get(f"/messages/{ref['id']}")["payload"]):
            if part["body"].get("data"):
                base64.urlsafe_b64decode(part["body"]["data"] + "==").decode("utf-8")
            charset = next((h["value"] for h in part["headers"] if h["name"].lower() == "content-type"), "")
            if "windows-1251" in charset and part["mimeType"] == "text/html":
                return
    raise AssertionError("no mail declares windows-1251")


def test_attachments_come_apart_under_ids_that_do_not_last(gmail: Gmail) -> None:
    for ref in gmail.get("/messages", q=QUERY, maxResults=60)["messages"]:
        twice = [leaves(gmail.get(f"/messages/{ref['id']}")["payload"]) for _ in range(2)]
        ids = [[part["body"].get("attachmentId") for part in parts if part["filename"]] for parts in twice]
        if ids[0]:
            assert ids[0] != ids[1]
            answer = gmail.get(f"/messages/{ref['id']}/attachments/{ids[0][0]}")
            assert len(base64.urlsafe_b64decode(answer["data"] + "==")) == answer["size"]
            status, error = refused(lambda: gmail.get(f"/messages/0000000000000000/attachments/{ids[0][0]}"))  # noqa: B023
            assert (status, error["errors"][0]["reason"]) == (404, "notFound")
            return
    raise AssertionError("no mail has an attachment")


def leaves(part: dict[str, Any]) -> list[dict[str, Any]]:
    return [leaf for child in part["parts"] for leaf in leaves(child)] if part.get("parts") else [part]


def test_a_message_is_labelled_by_who_may(gmail: Gmail, sandbox: Any) -> None:
    found = gmail.get("/messages", q=QUERY)["messages"][0]["id"]
    body = {"addLabelIds": ["IMPORTANT"], "removeLabelIds": ["UNREAD"]}
    status, error = refused(lambda: gmail.post(f"/messages/{found}/modify", body))
    assert (status, error["errors"][0]["reason"]) == (403, "insufficientPermissions")
    writer = Gmail(sandbox, "https://www.googleapis.com/auth/gmail.modify")
    assert writer.post(f"/messages/{found}/modify", body)["labelIds"] == ["IMPORTANT", "INBOX"]
    assert gmail.get("/messages", labelIds=["IMPORTANT"])["messages"][0]["id"] == found
    made = writer.post("/labels", {"name": "mine"})
    assert made in gmail.get("/labels")["labels"]
    assert refused(lambda: writer.post("/labels", {"name": "mine"}))[0] == 409
    assert refused(lambda: writer.post(f"/messages/{found}/modify", {"addLabelIds": ["Label_99"]}))[0] == 400


def test_history_gives_what_came_since_in_pages(gmail: Gmail, sandbox: Any) -> None:
    start = gmail.get("/profile")["historyId"]
    assert gmail.get("/history", startHistoryId=start) == {"historyId": start}
    sandbox.clock("2026-11-22T18:00:00+03:00")
    page = gmail.get("/history", startHistoryId=start, maxResults=2)
    assert len(page["history"]) == 2
    assert set(page["history"][0]) == {"id", "messages", "messagesAdded"}
    rest = gmail.get("/history", startHistoryId=start, maxResults=2, pageToken=page["nextPageToken"])
    assert rest["history"][0]["id"] > page["history"][1]["id"]
    assert refused(lambda: gmail.get("/history", startHistoryId="1"))[0] == 404


def test_a_request_without_a_valid_token_is_refused(gmail: Gmail) -> None:
    gmail.token = "ya29.unknown"
    status, error = refused(lambda: gmail.get("/profile"))
    assert (status, error["status"], error["errors"][0]["reason"]) == (401, "UNAUTHENTICATED", "authError")


@pytest.mark.parametrize(
    ("query", "fits"),
    [
        ("subject:QTickets", True),
        ("subject:Tickets", False),
        ("from:qtickets.ru", True),
        ("-from:qtickets.ru", False),
        ("{subject:nothing from:qtickets.ru} after:1795251600", True),
        ("{subject:nothing from:example.org}", False),
        ("after:1795338001", False),
        ("before:1795330000", True),
        ("before:2026/11/21", False),
        ("newer_than:7d", True),
        ("label:INBOX -label:done", True),
        ('"отчёт о продажах" has:attachment', True),
    ],
)
def test_searches_find_what_they_say(query: str, fits: bool) -> None:
    mail = Envelope(
        "Сервис <reports@qtickets.ru>", "QTickets: отчёт о продажах", 1_795_325_100, frozenset({"INBOX"}), attached=True
    )
    assert compiled(query, NOW)(mail) is fits


@pytest.mark.parametrize("query", ["size:5", "frm:x", "}"])
def test_a_search_that_is_not_understood_is_refused(query: str) -> None:
    with pytest.raises(ValueError):
        compiled(query, NOW)
