"""The recorded answers of the API, served over a socket to the real client, reach their outcomes."""

from __future__ import annotations

import json

import pytest

from zakaz_dagster.errors import Fatal, Retriable, ShapeChanged
from zakaz_dagster.sources.gmail.api import ApiConfig, GmailApi
from zakaz_dagster.sources.gmail.auth import credentials
from zakaz_dagster.sources.gmail.parts import Outcome
from zakaz_dagster.sources.gmail.senders import Senders
from zakaz_dagster_tests.contract.gmail.box import Box
from zakaz_dagster_tests.plugins.scripted import Reply, ScriptedServer

TOKEN = Reply(body={"access_token": "ya29.x", "expires_in": 3599, "scope": "s", "token_type": "Bearer"})


@pytest.fixture
def serve(recorded, tmp_path):
    """`serve(replies…)` gives a client whose token endpoint works; a reply may be a status and a recorded file's name."""
    folder = recorded("gmail")
    servers = []

    def start(*replies, token=TOKEN, deadline=5.0):
        script = iter([_reply(folder, each) for each in replies])
        last = []

        def answer(seen):
            if seen.path.endswith("/token"):
                return _reply(folder, token)
            last[:] = [next(script, last[0] if last else None)]
            return last[0]

        server = ScriptedServer([answer])
        servers.append(server)
        server.__enter__()
        box = Box(server.url, tmp_path)
        return GmailApi(ApiConfig(f"{server.url}/gmail", 100, 5, deadline), credentials(box.access())), server, box

    yield start
    for server in servers:
        server.__exit__(None, None, None)


def _reply(folder, what) -> Reply:
    if isinstance(what, Reply):
        return what
    status, name = what if isinstance(what, tuple) else (200, what)
    return Reply(status, json.loads((folder / name).read_text()))


def paths(server) -> list[str]:
    return [seen.path for seen in server.seen if not seen.path.endswith("/token")]


def test_two_pages_with_a_repeated_id_give_nine_messages(serve):
    api, server, _ = serve("api/L01_list_page1.json", "api/L02_list_page2.json")
    assert list(api.ids("x")) == [f"19a000000000000{number}" for number in range(1, 10)]
    assert server.seen[-1].query["pageToken"] == "09876543210987654321"


def test_an_empty_list_has_no_messages_key(serve):
    assert list(serve("api/L03_list_empty.json")[0].ids("x")) == []


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"resultSizeEstimate": 5},
        {"items": []},
        {"messages": {}},
        [],
        {"messages": [{}]},
        {"messages": []},
        {"messages": [], "resultSizeEstimate": 201},
        None,
    ],
)
def test_a_list_of_another_shape_is_no_empty_mailbox(serve, body):
    with pytest.raises(ShapeChanged, match="messages.list"):
        list(serve(Reply(body=body))[0].ids("x"))


def test_an_empty_page_in_the_middle_of_a_list_is_followed(serve):
    empty = {"resultSizeEstimate": 201, "nextPageToken": "2"}
    api, _, _ = serve(Reply(body=empty), Reply(body={"messages": [{"id": "a"}]}))
    assert list(api.ids("x")) == ["a"]


def test_a_page_that_names_itself_as_the_next_is_not_followed_for_ever(serve):
    page = {"messages": [{"id": "a"}], "nextPageToken": "2"}
    with pytest.raises(ShapeChanged, match="read before"):
        list(serve(Reply(body=page))[0].ids("x"))
    with pytest.raises(ShapeChanged, match="read before"):
        serve(Reply(body={"historyId": "7", "nextPageToken": "2"}))[0].arrivals("1")


@pytest.mark.parametrize("answer", [{}, {"size": 5}, [], {"data": 5}])
def test_an_attachment_of_another_shape_is_a_failure(serve, answer):
    with pytest.raises(ShapeChanged, match="attachments.get"):
        serve(Reply(body=answer))[0].attachment("a", "b")


def test_an_attachment_that_comes_empty_is_put_aside_with_its_reason(serve):
    part = {"mimeType": "text/csv", "filename": "r.csv", "body": {"size": 500, "attachmentId": "b"}}
    message = {"id": "a", "internalDate": "1795233600000", "payload": part}
    api, _, box = serve(Reply(body=message), Reply(body={"size": 0, "data": ""}))
    (read,) = box.mailbox(api, senders=Senders()).read(["a"])
    assert read.outcome is Outcome.REFUSED
    assert read.parts[0].reason == "its content came empty instead of 500 bytes"


def test_a_message_without_content_and_a_mailbox_without_labels_are_failures(serve):
    with pytest.raises(ShapeChanged, match="messages.get: no `payload`"):
        serve(Reply(body={"id": "a", "internalDate": "1795233600000"}))[0].message("a")
    with pytest.raises(ShapeChanged, match="labels.list"):
        serve(Reply(body={}))[0].mark(["a"], "zakaz")


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"access_token": "", "expires_in": 3599},
        {"access_token": None},
        {"access_token": "ya29.x"},
        {"access_token": "ya29.x", "expires_in": "soon"},
        [],
        "x",
    ],
)
def test_an_empty_answer_of_the_token_endpoint_is_a_failure_and_leaves_the_kept_consent_usable(serve, answer):
    api, server, box = serve("api/L03_list_empty.json", token=Reply(body=answer), deadline=1.0)
    with pytest.raises((Fatal, Retriable)):
        list(api.ids("x"))
    assert paths(server) == []
    assert json.loads(box.token_file.read_text())["refresh_token"] == "sandbox-gmail-refresh"
    again, _, _ = serve("api/L03_list_empty.json")
    assert list(again.ids("x")) == []


@pytest.mark.parametrize(
    "kept", [{"token": "", "expiry": None}, {"token": "x", "expiry": "0001-01-01T00:00:00Z"}, {"token": "x"}]
)
def test_a_token_file_that_an_earlier_version_spoilt_is_renewed(serve, kept):
    api, _, box = serve("api/L03_list_empty.json")
    box.access()
    box.token_file.write_text(json.dumps(json.loads(box.token_file.read_text()) | kept))
    api = GmailApi(api.config, credentials(box.access()))
    assert list(api.ids("x")) == []


def test_history_gives_the_added_message_and_the_new_cursor(serve):
    found = serve("api/H01_history_page.json")[0].arrivals("100001")
    assert (list(found.ids), found.cursor, found.resync) == (["19a0000000000001"], "100050", False)
    found = serve("api/H02_history_none.json")[0].arrivals("100050")
    assert (list(found.ids), found.cursor) == ([], "100050")


def test_a_history_id_that_is_too_old_asks_for_the_full_list(serve):
    api, _, _ = serve((404, "api/E404_history.json"), Reply(body={"historyId": "100050"}))
    found = api.arrivals("1")
    assert (found.resync, found.cursor) == (True, "100050")


@pytest.mark.parametrize(("status", "name"), [(403, "E403_rate"), (429, "E429"), (503, "E503")])
def test_passing_errors_are_asked_again(serve, status, name):
    api, server, _ = serve((status, f"api/{name}.json"), "api/L03_list_empty.json")
    assert list(api.ids("x")) == []
    assert len(paths(server)) == 2


def test_an_expired_token_is_renewed_once(serve):
    api, server, _ = serve((401, "api/E401.json"), "api/L03_list_empty.json", token="api/T200_refresh.json")
    assert list(api.ids("x")) == []
    assert len(paths(server)) == 2
    assert [seen.path for seen in server.seen].count("/gmail/token") == 2


def test_a_token_that_stays_refused_says_what_to_run(serve):
    api, _, _ = serve((401, "api/E401.json"))
    with pytest.raises(Fatal, match="401 authError.*zakaz gmail authorize"):
        list(api.ids("x"))


def test_an_invalid_grant_says_what_to_run(serve):
    api, server, _ = serve("api/L03_list_empty.json", token=(400, "api/T400_invalid_grant.json"))
    with pytest.raises(Fatal, match="invalid_grant.*zakaz gmail authorize"):
        list(api.ids("x"))
    assert paths(server) == []


@pytest.mark.parametrize(
    ("status", "name", "words"),
    [(400, "E400_failed_precondition", "failedPrecondition"), (403, "E403_scope", "insufficientPermissions")],
)
def test_permanent_errors_are_asked_once(serve, status, name, words):
    api, server, _ = serve((status, f"api/{name}.json"))
    with pytest.raises(Fatal, match=words):
        list(api.ids("x"))
    assert len(paths(server)) == 1


def test_the_moment_named_in_a_rate_limits_words_is_waited_for(serve):
    """The recorded one lies in the past, so nothing is waited; one far ahead ends within the deadline."""
    words = {"error": {"code": 403, "message": "User-rate limit exceeded. Retry after 2126-11-20T06:00:15.000Z",
             "errors": [{"reason": "userRateLimitExceeded"}]}}  # fmt: skip
    api, server, _ = serve(Reply(403, words))
    with pytest.raises(Retriable, match="userRateLimitExceeded") as caught:
        list(api.ids("x"))
    assert caught.value.retry_after > 1e6
    assert len(paths(server)) == 1


def test_recorded_messages_through_the_client(serve):
    """R02's attachment is fetched and holds no table; R03's and R04's are not even fetched."""
    attachment = Reply(body={"size": 11, "data": "aGVsbG8gd29ybGQ"})
    api, server, box = serve(
        "recorded/R01_alternative_no_attachment.json",
        "recorded/R02_mixed_text_attachment_no_partid_container.json",
        attachment,
        "recorded/R03_mixed_jpeg_attachment.json",
        "recorded/R04_mixed_pdf_contentid_qp_html.json",
    )
    reads = list(box.mailbox(api, senders=Senders()).read(["a", "b", "c", "d"]))
    assert [read.outcome for read in reads] == [Outcome.NO_TABLE, Outcome.NO_TABLE, Outcome.SKIPPED, Outcome.SKIPPED]
    assert reads[1].parts[-1].leaf.data == b"hello world"
    assert [read.parts[-1].reason for read in reads[2:]] == [
        "image/jpeg is not read",
        "a PDF is not read: the report is needed as a table, .csv or .xlsx",
    ]
    assert sum("/attachments/" in path for path in paths(server)) == 1
    assert all(seen.headers.get("x-goog-api-client") for seen in server.seen if "/messages" in seen.path)
