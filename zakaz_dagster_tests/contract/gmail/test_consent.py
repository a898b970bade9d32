"""`zakaz gmail authorize` end to end: the printed address is opened, the token is kept and works; and the other ways in."""

from __future__ import annotations

import json
import os
import re
import stat
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from zakaz_dagster.errors import ConfigFault, Fatal
from zakaz_dagster.sources.gmail.api import ApiConfig, GmailApi
from zakaz_dagster.sources.gmail.auth import Access, credentials

PROJECT = Path(__file__).resolve().parents[3]
CLIENT = {"installed": {"client_id": "sandbox-gmail-client", "client_secret": "sandbox-gmail-secret", "redirect_uris": ["http://localhost"]}}  # fmt: skip


@pytest.fixture
def environment(sandbox, tmp_path):
    client = tmp_path / "client.json"
    client.write_text(json.dumps(CLIENT))
    return {
        **os.environ,
        "GMAIL_API_ENDPOINT": f"{sandbox.url}/gmail",
        "GMAIL_TOKEN_URI": f"{sandbox.url}/gmail/token",
        "GMAIL_AUTH_URI": f"{sandbox.url}/gmail/auth",
        "GMAIL_CREDENTIALS_FILE": str(client),
        "GMAIL_TOKEN_FILE": str(tmp_path / "tokens" / "gmail.json"),
        "PYTHONUNBUFFERED": "1",
    }


def started(environment, *arguments):
    command = [sys.executable, "-m", "zakaz_dagster", "gmail", *arguments]
    return subprocess.Popen(
        command,
        cwd=PROJECT,
        env=environment,
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def printed_address(process) -> str:
    for line in process.stdout:
        if found := re.search(r"http://\S+/gmail/auth\?\S+", line):
            return found[0]
    raise AssertionError(process.stderr.read())


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


def where_the_browser_ends(address: str) -> str:
    with pytest.raises(urllib.error.HTTPError) as redirect:
        urllib.request.build_opener(_NoRedirect).open(address, timeout=30)
    return redirect.value.headers["location"]


def test_the_owner_agrees_in_a_browser(environment, sandbox):
    with started(environment, "authorize", "--patience", "60") as process:
        address = printed_address(process)
        assert "prompt=consent" in address
        assert "access_type=offline" in address
        assert "gmail.readonly" in address
        with urllib.request.urlopen(address, timeout=60) as page:
            assert "Готово" in page.read().decode()
        assert process.wait(60) == 0, process.stderr.read()
        told = process.stdout.read()
    kept = Path(environment["GMAIL_TOKEN_FILE"])
    assert str(kept) in told
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert json.loads(kept.read_text())["refresh_token"].startswith("1//refresh")
    look = subprocess.run(
        [sys.executable, "-m", "zakaz_dagster", "gmail", "check"],
        cwd=PROJECT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert look.returncode == 0, look.stderr
    assert "mails that GMAIL_QUERY finds" in look.stdout


def test_the_answer_can_be_pasted(environment):
    with started(environment, "authorize", "--paste") as process:
        answer = where_the_browser_ends(printed_address(process))
        assert answer.startswith("http://localhost:")
        process.stdin.write(answer + "\n")
        process.stdin.close()
        assert process.wait(60) == 0, process.stderr.read()
    assert Path(environment["GMAIL_TOKEN_FILE"]).exists()


def test_a_refusal_or_no_answer_says_what_to_do(environment, sandbox):
    sandbox.fault("gmail", consent_denied=True)
    with started(environment, "authorize") as process:
        urllib.request.urlopen(printed_address(process), timeout=60).read()
        assert process.wait(60) == 3
        assert "access_denied" in (told := process.stderr.read())
        assert "zakaz gmail authorize" in told
    with started(environment, "authorize", "--patience", "1") as process:
        assert process.wait(60) == 3
        assert "no answer came" in process.stderr.read()
    assert not Path(environment["GMAIL_TOKEN_FILE"]).exists()


def test_without_a_client_file_it_is_asked_for(environment):
    with started({**environment, "GMAIL_CREDENTIALS_FILE": ""}, "authorize") as process:
        assert process.wait(60) == 3
        assert "GMAIL_CREDENTIALS_FILE is not set" in process.stderr.read()


def service_account(folder: Path, **changes: str) -> Path:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    about = {
        "type": "service_account",
        "client_email": "reader@project.example",
        "private_key": pem,
        "private_key_id": "1",
        "token_uri": "https://oauth2.googleapis.com/token",
        **changes,
    }
    path = folder / "key.json"
    path.write_text(json.dumps(about))
    return path


def test_a_service_account_reads_in_the_owners_name(sandbox, tmp_path):
    access = Access(
        tmp_path / "none.json", service_account(tmp_path), "owner@example.org", f"{sandbox.url}/gmail/token"
    )
    api = GmailApi(ApiConfig(f"{sandbox.url}/gmail", deadline=10), credentials(access))
    assert api.profile().messages_total > 0
    sandbox.fault("gmail", revoked=True)
    with pytest.raises(Fatal, match="unauthorized_client.*domain-wide delegation"):
        GmailApi(ApiConfig(f"{sandbox.url}/gmail", deadline=10), credentials(access)).profile()


def test_a_service_account_without_a_mailbox_or_with_a_broken_key_is_named(tmp_path):
    with pytest.raises(ConfigFault, match="GMAIL_DELEGATE"):
        credentials(Access(tmp_path / "none.json", service_account(tmp_path)))
    broken = service_account(tmp_path, private_key="none")
    with pytest.raises(ConfigFault, match="not usable"):
        credentials(Access(tmp_path / "none.json", broken, "owner@example.org"))
