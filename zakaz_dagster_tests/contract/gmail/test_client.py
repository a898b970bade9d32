"""Google's client against the sandbox over a socket: paging, tokens, limits, faults, labels, history."""

from __future__ import annotations

import json
import stat

import pytest

from zakaz_dagster.errors import ConfigFault, Failure, Fatal, Retriable
from zakaz_dagster.sources.gmail.api import ApiConfig, GmailApi
from zakaz_dagster.sources.gmail.auth import MODIFY, credentials
from zakaz_dagster.sources.gmail.parts import Outcome
from zakaz_dagster_tests.contract.gmail.box import QUERY, Box, mailed, put, report, window
from zakaz_dagster_tests.plugins.scripted import Reply, ScriptedServer


def test_every_page_is_read_and_every_mail_comes_once(sandbox, box):
    whole = list(box.api().ids(f"{QUERY} {window().query}"))
    sandbox.fault("gmail", page_cap=3)
    api = box.api(page_size=5)
    assert list(api.ids(f"{QUERY} {window().query}")) == whole
    assert len(whole) > 12
    assert api.stats.requests == -(-len(whole) // 3)
    assert list(api.ids("subject:nothing-like-it")) == []


def test_an_expired_page_token_starts_the_list_anew(sandbox, box):
    whole = list(box.api().ids(QUERY))
    sandbox.fault("gmail", page_cap=100, expired_pages=1)
    assert sorted(box.api().ids(QUERY)) == sorted(whole)
    sandbox.fault("gmail", expired_pages=5)
    with pytest.raises(Fatal, match="pageToken"):
        list(box.api().ids(QUERY))


def test_strangers_mails_are_not_found(sandbox, box):
    found = set(box.api().ids(f"{QUERY} {window().query}"))
    everything = set(box.api().ids(window().query))
    assert found < everything


def test_a_token_is_renewed_when_it_is_refused_and_kept_for_its_owner_only(sandbox, box):
    sandbox.fault("gmail", token_uses=3)
    reads = list(box.mailbox().read(list(box.api().ids(f"{QUERY} {window(1).query}"))))
    assert len(reads) > 3
    kept = json.loads(box.token_file.read_text())
    assert kept["token"].startswith("ya29.")
    assert kept["refresh_token"] == "sandbox-gmail-refresh"
    assert stat.S_IMODE(box.token_file.stat().st_mode) == 0o600


def test_a_kept_token_is_used_again(sandbox, box):
    box.api().profile()
    before = sandbox.get("/world/requests")["gmail"]
    box.api().profile()
    assert sandbox.get("/world/requests")["gmail"] == before + 1


def test_a_token_file_that_others_may_read_is_closed(box):
    box.access()
    box.token_file.chmod(0o644)
    credentials(box.access())
    assert stat.S_IMODE(box.token_file.stat().st_mode) == 0o600


def test_a_revoked_consent_says_exactly_what_to_run(sandbox, box):
    sandbox.fault("gmail", revoked=True)
    with pytest.raises(Fatal, match="expired or revoked.*run `zakaz gmail authorize`") as caught:
        box.api().profile()
    assert "sandbox-gmail" not in str(caught.value)


def test_without_a_token_file_the_failure_says_what_to_run(box):
    with pytest.raises(ConfigFault, match="zakaz gmail authorize"):
        credentials(Box(box.url, box.folder / "else").access().__class__(box.folder / "none.json"))


@pytest.mark.parametrize("switch", ["rate", "throttle", "backend"])
def test_passing_refusals_are_asked_again(sandbox, box, switch):
    sandbox.fault("gmail", **{switch: 2})
    api = box.api()
    assert api.profile().messages_total > 0
    assert (api.stats.requests, api.stats.retries) == (3, 2)


def test_lasting_limits_end_as_retriable_with_their_reason(sandbox, box):
    sandbox.fault("gmail", throttle=1000)
    with pytest.raises(Retriable, match="429 rateLimitExceeded"):
        box.api(deadline=1.0).profile()
    sandbox.fault("gmail", throttle=0, daily=1)
    with pytest.raises(Retriable, match="dailyLimitExceeded") as caught:
        box.api().profile()
    assert caught.value.retry_after == 3600


@pytest.mark.parametrize(
    "switch", [{"off": True}, {"dropped": True}, {"truncated": True}, {"html": True}, {"http": 502}]
)
def test_a_broken_connection_or_answer_is_asked_again(sandbox, box, switch):
    box.api().profile()
    sandbox.fault("gmail", only="/profile", times=2, **switch)
    assert box.api().profile().messages_total > 0


def test_a_deleted_mail_is_noted_and_the_others_are_read(sandbox, box):
    ids = list(box.api().ids(f"{QUERY} {window(1).query}"))
    sandbox.fault("gmail", gone=[ids[0]])
    reads = list(box.mailbox().read(ids))
    assert [read.outcome is Outcome.GONE for read in reads] == [True] + [False] * (len(ids) - 1)


def test_a_mail_deleted_before_its_attachment_was_fetched_is_noted(sandbox, box, monkeypatch):
    mailed(sandbox, [put(report("20.11.2026;Шоу;Томск;1;5;0"), "2026-11-21T06:00", "m1")])
    api = box.api()
    once = api.message

    def then_gone(message_id):
        found = once(message_id)
        sandbox.fault("gmail", gone=[message_id])
        return found

    monkeypatch.setattr(api, "message", then_gone)
    assert [read.outcome for read in box.mailbox(api).read(["m1"])] == [Outcome.GONE]


def test_attachments_are_read_apart_or_inline(sandbox, box):
    mailed(sandbox, [put(report("20.11.2026;Шоу;Томск;1;5;0"), "2026-11-21T06:00", "m1")])
    for inline in (0, 10_000):
        sandbox.fault("gmail", inline_up_to=inline)
        api = box.api()
        (read,) = box.mailbox(api).read(["m1"])
        assert len(read.statements) == 1
        assert api.stats.requests == (1 if inline else 2)


def test_attachment_ids_do_not_last_and_are_not_kept(box, sandbox):
    mailed(sandbox, [put(report("20.11.2026;Шоу;Томск;1;5;0"), "2026-11-21T06:00", "m1")])
    api = box.api()
    first, second = (api.message("m1").payload.parts[1].body.attachment_id for _ in range(2))
    assert first != second


def test_unreadable_attachments_are_not_even_fetched(box, sandbox):
    message = report("20.11.2026;Шоу;Томск;1;5;0")
    message.add_attachment(b"\xff\xd8\xff" * 1000, maintype="image", subtype="jpeg", filename="x.jpg")
    message.add_attachment(b"0" * 5000, maintype="text", subtype="csv", filename="big.csv")
    mailed(sandbox, [put(message, "2026-11-21T06:00", "m1")])
    api = box.api()
    (read,) = box.mailbox(api, part_bytes=4000).read(["m1"])
    assert [part.outcome for part in read.parts] == [Outcome.NO_TABLE, Outcome.READ, Outcome.SKIPPED, Outcome.REFUSED]
    assert api.stats.requests == 2


def test_a_long_query_is_sent_as_a_form(box):
    long = "{" + " ".join(f"subject:word{number}" for number in range(300)) + " subject:QTickets}"
    assert len(long) > 2048
    assert set(box.api().ids(f"{long} {window(1).query}")) <= set(box.api().ids(f"{QUERY} {window(1).query}"))
    assert list(box.api().ids(f"{long} {window(1).query}"))


def test_labels_need_the_right_to_modify(sandbox, tmp_path):
    box = Box(sandbox.url, tmp_path, MODIFY)
    ids = list(box.api().ids(f"{QUERY} {window(1).query}"))
    box.api().mark(ids[:2], "zakaz/read")
    box.api().mark(ids[:2], "zakaz/read")
    left = list(box.api().ids(f"{QUERY} {window(1).query} -label:zakaz/read"))
    assert left == ids[2:]
    with pytest.raises(Fatal, match="insufficientPermissions.*zakaz gmail authorize"):
        Box(sandbox.url, tmp_path / "other").api().mark(ids[:1], "zakaz/read")


def test_arrivals_since_a_cursor(sandbox, box):
    sandbox.clock("2026-11-22T12:20:00+03:00")
    cursor = box.api().profile().history_id
    assert box.api().arrivals(cursor).ids == ()
    sandbox.clock("2026-11-22T12:30:00+03:00")
    found = box.api().arrivals(cursor)
    assert len(found.ids) == 1
    assert not found.resync
    sandbox.fault("gmail", history_gone=True)
    assert box.api().arrivals(cursor).resync


def test_a_wrong_address_is_no_deleted_mail(box):
    api = GmailApi(ApiConfig(f"{box.url}/nowhere", deadline=5), credentials(box.access()))
    with pytest.raises(Fatal, match="404"):
        list(api.ids(QUERY))


def test_log_lines_and_failures_hold_no_mail_address_and_no_token(sandbox, box, caplog):
    with caplog.at_level("DEBUG"):
        list(box.mailbox().read(list(box.api().ids(f"{QUERY} {window(1).query}"))))
        sandbox.fault("gmail", revoked=True, token_uses=-1)
        with pytest.raises(Fatal):
            box.api().profile()
    told = " ".join(record.getMessage() for record in caplog.records)
    assert "messages.get" in told
    for secret in ("ya29", "sandbox-gmail-refresh", "sandbox-gmail-secret", *sandbox.personal()):
        assert secret not in told


@pytest.mark.parametrize("token", [None, "ya29.kept"], ids=["renewing", "reading"])
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_leads_nowhere_with_token_or_keys(tmp_path, status, token):
    with (
        ScriptedServer(Reply(200, {"access_token": "a", "expires_in": 3600})) as elsewhere,
        ScriptedServer(Reply(status, b"", {"Location": f"{elsewhere.url}/gmail/token"})) as server,
    ):
        box = Box(server.url, tmp_path)
        box.access()
        kept = json.loads(box.token_file.read_text())
        box.token_file.write_text(json.dumps({**kept, "token": token, "expiry": "2999-01-01T00:00:00Z"}))
        with pytest.raises(Failure):
            box.api(deadline=0.1).profile()
        assert len(server.seen) >= 1
        assert elsewhere.seen == []
