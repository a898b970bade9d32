"""TLS with an authority of one's own, over sockets: what is right works, and each thing that is wrong has its sentence."""

from __future__ import annotations

import ipaddress
import re
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from zakaz_dagster.alerts.mail import Mail
from zakaz_dagster.alerts.send import Smtp, Undelivered
from zakaz_dagster.cli.schema import schema
from zakaz_dagster.errors import ConfigFault, Fatal
from zakaz_dagster.transport.client import HttpClient
from zakaz_dagster.warehouse.client import Warehouse, WarehouseConfig
from zakaz_dagster.warehouse.grants import in_order
from zakaz_dagster_tests.contract.faulty import proxied
from zakaz_dagster_tests.plugins.clickhouse import Endpoint
from zakaz_dagster_tests.plugins.mailbox import Mailbox
from zakaz_dagster_tests.plugins.scripted import Reply, ScriptedServer

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Authority:
    """One that signs what it is asked to."""

    folder: Path
    name: str

    @property
    def file(self) -> Path:
        return self.folder / f"{self.name}.pem"

    def signed(self, name: str, host: str, until: timedelta = DAY, since: timedelta = -2 * DAY) -> ssl.SSLContext:
        """A server's side with a certificate for that host."""
        ca = serialization.load_pem_private_key(self.file.with_suffix(".key").read_bytes(), None)
        key = ec.generate_private_key(ec.SECP256R1())
        path = self.folder / f"{name}.pem"
        path.write_bytes(pem(key) + certificate(name, key, self.name, ca, host, since, until))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        return context


def pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def certificate(name, key, issuer, signer, host, since, until) -> bytes:
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + since)
        .not_valid_after(now + until)
        .add_extension(x509.BasicConstraints(ca=not host, path_length=None), critical=True)
    )
    if host:
        where = x509.IPAddress(ipaddress.ip_address(host)) if host[0].isdigit() else x509.DNSName(host)
        made = made.add_extension(x509.SubjectAlternativeName([where]), critical=False)
    return made.sign(signer, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def authority(folder: Path, name: str) -> Authority:
    key = ec.generate_private_key(ec.SECP256R1())
    made = Authority(folder, name)
    made.file.write_bytes(certificate(name, key, name, key, "", -2 * DAY, 2 * DAY))
    made.file.with_suffix(".key").write_bytes(pem(key))
    return made


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return authority(tmp_path_factory.mktemp("tls"), "ours")


# What is wrong: the server's certificate, the authority's file, what the sentence says.
WRONG = {
    "unknown authority": (lambda ca: ca.signed("good", "127.0.0.1"), "", "authority that is not trusted here"),
    "another authority": (lambda ca: ca.signed("good", "127.0.0.1"), "other.pem", "authority that is not trusted here"),
    "wrong name": (lambda ca: ca.signed("named", "clickhouse.example.ru"), "ours.pem", "is for another name"),
    "wrong address": (lambda ca: ca.signed("moved", "127.0.0.2"), "ours.pem", "is for another name"),
    "expired": (lambda ca: ca.signed("old", "127.0.0.1", -DAY), "ours.pem", "has expired"),
    "not yet valid": (lambda ca: ca.signed("new", "127.0.0.1", 2 * DAY, DAY), "ours.pem", "is not valid yet"),
    "missing file": (lambda ca: ca.signed("good", "127.0.0.1"), "absent.pem", "is not there"),
    "no certificate": (lambda ca: ca.signed("good", "127.0.0.1"), "empty.pem", "holds no certificate"),
    "no TLS": (lambda ca: None, "ours.pem", "nothing there speaks TLS"),
}  # fmt: skip


def file_of(ca: Authority, name: str) -> str:
    (ca.folder / "empty.pem").write_text("nothing\n")
    if not (ca.folder / "other.pem").exists():
        authority(ca.folder, "other")
    return str(ca.folder / name) if name else ""


@contextmanager
def behind(clickhouse: Endpoint, context: ssl.SSLContext | None, **about: object) -> Iterator[Warehouse]:
    with proxied(clickhouse.host, clickhouse.port, context) as proxy:
        config = WarehouseConfig(port=proxy.port, password=clickhouse.password, secure=True, patience=0.1, **about)
        wh = Warehouse.connect(config)
        yield wh
        wh.close()


def test_an_authority_of_ones_own_is_enough_for_clickhouse(clickhouse: Endpoint, ours: Authority) -> None:
    with behind(clickhouse, ours.signed("good", "127.0.0.1"), ca_cert=str(ours.file)) as wh:
        assert wh.scalar("SELECT 1", settings={"database": "default"}) == 1


@pytest.mark.filterwarnings("ignore::urllib3.exceptions.InsecureRequestWarning")
def test_without_verification_any_certificate_is_taken_when_that_was_asked(clickhouse, ours) -> None:
    with behind(clickhouse, ours.signed("old", "127.0.0.1", -DAY), verify=False) as wh:
        assert wh.scalar("SELECT 1", settings={"database": "default"}) == 1


@pytest.mark.parametrize("case", WRONG)
def test_clickhouse_is_refused_with_a_sentence_for_each_cause(clickhouse, ours, case: str) -> None:
    context, file, words = WRONG[case]
    with behind(clickhouse, context(ours), ca_cert=file_of(ours, file)) as wh, pytest.raises(ConfigFault, match=words) as caught:  # fmt: skip
        wh.scalar("SELECT 1")
    said = str(caught.value)
    assert sum(each in said for each in {each for _, _, each in WRONG.values()}) == 1
    assert caught.value.next_step


def admin_step(clickhouse: Endpoint, context: ssl.SSLContext, ca: Authority, monkeypatch, name: str) -> tuple[int, str]:
    """`zakaz schema grants --apply` from the server itself, as deploy/clickhouse/README.md has it."""
    sent: list[str] = []

    def judge(sql: str) -> bytes | None:  # the local engine keeps no users of SQL: what was sent is enough
        if not re.search(r"^(CREATE (ROLE|USER|QUOTA|SETTINGS)|GRANT)", sql, re.MULTILINE):
            return None
        sent.append(sql)
        return b""

    with proxied(clickhouse.host, clickhouse.port, context) as proxy:
        proxy.judge = judge
        own = {"HOST": "127.0.0.1", "PORT": proxy.port, "SECURE": "true", "SERVER_NAME": name, "CA_CERT": ca.file}
        for key, value in {**own, "PASSWORD": clickhouse.password}.items():
            monkeypatch.setenv(f"CLICKHOUSE_{key}", str(value))
        monkeypatch.setattr("zakaz_dagster.resources.AT_A_TERMINAL", 0.1)
        done = CliRunner().invoke(schema, ["grants", "--apply"])
    return len(sent), done.output if done.exception is None else str(done.exception)


def test_the_first_administrator_comes_in_over_loopback_with_a_host_names_certificate(clickhouse, ours, monkeypatch):
    context = ours.signed("server", "clickhouse.example.ru")
    count, said = admin_step(clickhouse, context, ours, monkeypatch, "clickhouse.example.ru")
    assert count == len(in_order()), said
    assert "role_writer__database" in said


def test_a_right_that_an_older_server_does_not_know_is_left_out(clickhouse, ours, monkeypatch):
    older = "SELECT count() FROM system.privileges WHERE privilege = {right:String} AND privilege != 'DISK'"
    monkeypatch.setattr("zakaz_dagster.warehouse.grants.KNOWN", older)
    context = ours.signed("server", "clickhouse.example.ru")
    count, said = admin_step(clickhouse, context, ours, monkeypatch, "clickhouse.example.ru")
    assert count == len(in_order()) - 1, said
    assert "role_backup__disk" not in said


@pytest.mark.parametrize("name", ["", "other.example.ru"])
def test_without_the_certificates_name_the_step_says_which_setting_is_missing(clickhouse, ours, monkeypatch, name):
    context = ours.signed("server", "clickhouse.example.ru")
    count, said = admin_step(clickhouse, context, ours, monkeypatch, name)
    assert count == 0
    assert "is for another name" in said
    assert "set CLICKHOUSE_HOST or CLICKHOUSE_SERVER_NAME to a name of the certificate" in said


@pytest.fixture
def sent(tmp_path: Path) -> Callable[..., str]:
    """A mail over this server's side of TLS; the answer is why it was refused."""
    mail = Mail("id", "subject", "text", "", ("one",))

    def send(context: ssl.SSLContext | None, ca_cert: str) -> str:
        with Mailbox(security="starttls" if context else "none", context=context) as mailbox:
            channel = Smtp("127.0.0.1", mailbox.port, "z@example.org", ["a@example.org"], ca_cert=ca_cert, timeout=3)
            try:
                channel.send(mail)
            except Undelivered as why:
                assert not mailbox.mails
                return str(why)
            return "" if mailbox.mails else "nothing came"

    return send


def test_an_authority_of_ones_own_is_enough_for_mail(sent, ours) -> None:
    assert sent(ours.signed("good", "127.0.0.1"), str(ours.file)) == ""


@pytest.mark.parametrize("case", [case for case in WRONG if case != "no TLS"])
def test_the_mail_server_is_refused_with_a_sentence_for_each_cause(sent, ours, case: str) -> None:
    context, file, words = WRONG[case]
    said = sent(context(ours), file_of(ours, file))
    assert words in said
    assert sum(each in said for each in {each for _, _, each in WRONG.values()}) == 1


@pytest.mark.parametrize("case", ["unknown authority", "wrong name", "expired"])
def test_a_vendor_whose_certificate_is_wrong_is_sent_nothing(ours, case: str) -> None:
    context = WRONG[case][0](ours)
    with ScriptedServer(Reply(200, {})) as server:
        server.wrap(context)
        with HttpClient("vendor", server.url.replace("http", "https"), headers={"Authorization": "Bearer k"}) as http, pytest.raises(Fatal, match="check the base URL and the certificates"):  # fmt: skip
            http.request("GET", "/x")
        assert server.seen == []
