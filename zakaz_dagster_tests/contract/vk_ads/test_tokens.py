"""One token pair for the whole installation: kept, refreshed, shared by processes, never minted per run."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from zakaz_dagster.errors import ConfigFault, Fatal
from zakaz_dagster.sources.vk_ads.tokens import TokenFile
from zakaz_dagster_tests.contract.vk_ads.account import LAST, api_on, source_on

PROJECT = Path(__file__).resolve().parents[3]
SLOTS = 5
READER = """
import sys
from pathlib import Path
from zakaz_dagster_tests.contract.vk_ads.account import api_on
api = api_on(sys.argv[1], Path(sys.argv[2]))
for _ in range(int(sys.argv[3])):
    response = api.get("/api/v3/user.json", {})
    assert response.status_code == 200, response.text
"""


def slots_free_after(sandbox):
    """Free slots after one more grant."""
    form = {"client_id": "sandbox-vk-client", "client_secret": "sandbox-vk-secret", "grant_type": "client_credentials"}
    return httpx.post(f"{sandbox.url}/vk/api/v2/oauth2/token.json", data=form).json()["tokens_left"]


def test_many_runs_take_one_slot(sandbox, tmp_path):
    for _ in range(8):
        api_on(sandbox.url, tmp_path).get("/api/v3/user.json", {})
    assert slots_free_after(sandbox) == SLOTS - 2


def test_the_file_is_private_and_says_nothing_when_printed(sandbox, tmp_path):
    api_on(sandbox.url, tmp_path).get("/api/v3/user.json", {})
    path = tmp_path / "vk.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    pair = TokenFile(path).read()
    assert pair is not None
    assert pair.access_token not in repr(pair)
    assert pair.refresh_token not in repr(pair)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["vk.json", "vk.json.lock"]


def test_two_processes_that_lose_their_token_at_every_turn_share_one_slot(sandbox, tmp_path):
    sandbox.fault("vk", token_uses=2)
    command = [sys.executable, "-c", READER, sandbox.url, str(tmp_path), "25"]
    readers = [subprocess.Popen(command, cwd=PROJECT, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    for reader in readers:
        _, errors = reader.communicate(timeout=90)
        # A token of two uses can die between a renewal and its first use; that is the vendor's refusal, named as such.
        assert reader.returncode == 0 or "expired_token" in errors or "invalid_token" in errors, errors
    sandbox.fault("vk", token_uses=None)
    assert slots_free_after(sandbox) == SLOTS - 2


def test_two_processes_starting_without_a_token_mint_one(sandbox, tmp_path):
    command = [sys.executable, "-c", READER, sandbox.url, str(tmp_path), "10"]
    readers = [subprocess.Popen(command, cwd=PROJECT, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    assert [reader.wait(timeout=90) for reader in readers] == [0, 0]
    assert slots_free_after(sandbox) == SLOTS - 2


def test_another_process_refreshed_first(sandbox, tmp_path):
    slow, quick = api_on(sandbox.url, tmp_path), api_on(sandbox.url, tmp_path)
    old = slow.tokens.token()
    quick.tokens.after_refusal(old)  # the old value is dead from here on
    new = slow.tokens.after_refusal(old)
    assert new == TokenFile(tmp_path / "vk.json").read().access_token != old
    assert slow.stats.requests == 1, "the new value came from the file"


def test_a_token_is_refreshed_before_it_ends_and_the_old_value_dies(sandbox, tmp_path):
    api = api_on(sandbox.url, tmp_path)
    first = api.tokens.token()
    pair = TokenFile(tmp_path / "vk.json").read()
    api.tokens._clock = lambda: pair.expires_at - 601
    assert api.tokens.token() == first
    api.tokens._clock = lambda: pair.expires_at - 599
    assert api.tokens.token() != first
    response = api.http.request("GET", "/api/v3/user.json", headers={"Authorization": f"Bearer {first}"})
    assert response.status_code == 401


def test_tokens_expire_by_the_vendors_clock_too(sandbox, tmp_path):
    list(source_on(sandbox.url, tmp_path).read(LAST, LAST))
    sandbox.clock("2026-11-24T12:00:00+03:00")
    source = source_on(sandbox.url, tmp_path)
    assert len(list(source.read(LAST, LAST))) == 1
    assert slots_free_after(sandbox) == SLOTS - 2


def test_five_lost_files_are_a_failure_that_says_what_deleting_means(sandbox, tmp_path):
    for number in range(SLOTS):
        (tmp_path / str(number)).mkdir()
        api_on(sandbox.url, tmp_path / str(number)).tokens.token()
    (tmp_path / "sixth").mkdir()
    with pytest.raises(Fatal, match="every other system") as caught:
        api_on(sandbox.url, tmp_path / "sixth").tokens.token()
    assert "Active access token limit reached" in str(caught.value)
    assert sandbox.writes() == [], "tokens are never deleted from here"


def test_a_file_of_another_client_or_host_is_not_used(sandbox, tmp_path):
    api_on(sandbox.url, tmp_path).tokens.token()
    path = tmp_path / "vk.json"
    body = json.loads(path.read_bytes())
    path.write_text(json.dumps({**body, "client_id": "somebody else"}))
    assert api_on(sandbox.url, tmp_path).get("/api/v3/user.json", {}).status_code == 200


def test_a_broken_file_costs_one_new_token(sandbox, tmp_path):
    (tmp_path / "vk.json").write_text('{"access_token": ')
    assert api_on(sandbox.url, tmp_path).get("/api/v3/user.json", {}).status_code == 200


def test_a_place_that_cannot_hold_the_file_is_named(sandbox, tmp_path):
    (tmp_path / "taken").write_text("a file, not a folder")
    with pytest.raises(ConfigFault, match="VK_ADS_TOKEN_FILE"):
        api_on(sandbox.url, tmp_path / "taken").tokens.token()


def test_a_crash_while_writing_leaves_the_old_pair(tmp_path, monkeypatch, sandbox):
    api = api_on(sandbox.url, tmp_path)
    api.tokens.token()
    before = (tmp_path / "vk.json").read_bytes()
    monkeypatch.setattr(os, "fsync", lambda _: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        api.tokens.after_refusal(json.loads(before)["access_token"])
    assert (tmp_path / "vk.json").read_bytes() == before
    assert sorted(each.name for each in tmp_path.iterdir()) == ["vk.json", "vk.json.lock"]
    monkeypatch.undo()
    assert api.get("/api/v3/user.json", {}).status_code == 200, "the refresh token still renews"
