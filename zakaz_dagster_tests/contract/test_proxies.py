"""nginx and Caddy before the UI, as they stand in deploy/proxy: no password, no page; no foreign name; no plain HTTP."""

from __future__ import annotations

import base64
import http.client
import http.server
import os
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

PROXY = Path(__file__).resolve().parents[2] / "deploy" / "proxy"
NAME, LOGIN, PASSWORD = "zakaz.example.ru", "marketing", "right horse"


class Ui(http.server.BaseHTTPRequestHandler):
    """Answers with the request's own headers, and speaks the first words of a WebSocket."""

    def do_GET(self) -> None:
        if self.headers.get("Upgrade") == "websocket":
            self.send_response(101)
            self.send_header("Upgrade", "websocket")
            self.send_header("Connection", "Upgrade")
            self.end_headers()
            return
        body = str(self.headers).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        """The receiver of webhooks: what reached it."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        said = f"{self.path} for {self.headers['Host']} signed {self.headers['X-Signature']}: {body.decode()}".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, *_: object) -> None:
        pass


@dataclass(frozen=True)
class Proxy:
    https: int
    plain: int

    def ask(
        self, host: str = NAME, password: str | None = PASSWORD, *, line: str = "GET /", **headers: str
    ) -> tuple[int, str]:
        """(status, body); 0 where the connection is closed without an answer."""
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        try:
            with socket.create_connection(("127.0.0.1", self.https), 5) as raw:
                wrapped = context.wrap_socket(raw, server_hostname=host)
                connection = http.client.HTTPConnection(host)
                connection.sock = wrapped
                sent = {"Host": f"{host}", **headers}
                if password is not None:
                    sent["Authorization"] = "Basic " + base64.b64encode(f"{LOGIN}:{password}".encode()).decode()
                method, path = line.split()
                connection.request(method, path, "{}" if method == "POST" else None, headers=sent)
                answer = connection.getresponse()
                return answer.status, "" if answer.status == 101 else answer.read().decode()
        except (ssl.SSLError, ConnectionError, http.client.HTTPException):
            return 0, ""


def free() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@pytest.fixture(scope="module")
def ui() -> Iterator[int]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Ui)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port
    server.shutdown()


def nginx(place: Path, ui: int, proxy: Proxy) -> list[str]:
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={NAME}",
         "-keyout", str(place / "zakaz.key"), "-out", str(place / "zakaz.crt")], check=True, capture_output=True,
    )  # fmt: skip
    hashed = subprocess.run(["openssl", "passwd", "-apr1", PASSWORD], check=True, capture_output=True, text=True).stdout
    (place / "zakaz.htpasswd").write_text(f"{LOGIN}:{hashed}")
    site = (
        (PROXY / "nginx.conf")
        .read_text()
        .replace("/etc/nginx", str(place))
        .replace("127.0.0.1:3000", f"127.0.0.1:{ui}")
        .replace("127.0.0.1:8090", f"127.0.0.1:{ui}")
    )
    site = site.replace("listen 443", f"listen 127.0.0.1:{proxy.https}").replace(
        "listen 80", f"listen 127.0.0.1:{proxy.plain}"
    )
    kinds = " ".join(
        f"{kind}_temp_path {place}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    user = "user root;" if os.geteuid() == 0 else ""
    whole = f"{user} daemon off; pid {place}/pid; error_log {place}/error.log; events {{}} http {{ access_log off; {kinds}\n{site}\n}}"
    (place / "nginx.conf").write_text(whole)
    return ["nginx", "-p", str(place), "-c", str(place / "nginx.conf")]


def caddy(place: Path, ui: int, proxy: Proxy) -> list[str]:
    local = f"local_certs\n\tskip_install_trust\n\thttp_port {proxy.plain}\n\thttps_port {proxy.https}\n\tdefault_bind 127.0.0.1"
    text = (PROXY / "Caddyfile").read_text().replace("\tadmin off", f"\tadmin off\n\t{local}")
    (place / "Caddyfile").write_text(text.replace(":80, :443", f":{proxy.plain}, :{proxy.https}"))
    hashed = subprocess.run(
        ["caddy", "hash-password", "--plaintext", PASSWORD], check=True, capture_output=True, text=True
    ).stdout.strip()
    own = {"ZAKAZ_UI": f"127.0.0.1:{ui}", "ZAKAZ_WEBHOOKS": f"127.0.0.1:{ui}"}
    os.environ.update(ZAKAZ_HOST=NAME, ZAKAZ_LOGIN=LOGIN, ZAKAZ_LOGIN_HASH=hashed, **own)
    return ["caddy", "run", "--adapter", "caddyfile", "--config", str(place / "Caddyfile")]


MAKERS: dict[str, Callable[[Path, int, Proxy], list[str]]] = {"nginx": nginx, "caddy": caddy}


@pytest.fixture(scope="module", params=MAKERS)
def proxy(request: pytest.FixtureRequest, ui: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    if shutil.which(request.param) is None:
        pytest.skip(f"no {request.param} on PATH")
    place = tmp_path_factory.mktemp(request.param)
    made = Proxy(free(), free())
    kept = dict(os.environ)
    command = MAKERS[request.param](place, ui, made)
    environment = {**os.environ, "HOME": str(place), "XDG_DATA_HOME": str(place), "XDG_CONFIG_HOME": str(place)}
    os.environ.clear()
    os.environ.update(kept)
    with (place / "log").open("w") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    try:
        for _ in range(150):
            if made.ask()[0] == 200:
                break
            time.sleep(0.1)
        else:
            pytest.fail(f"{request.param} does not answer: {(place / 'log').read_text()[-2000:]}")
        yield made
    finally:
        process.terminate()
        process.wait(20)


def test_no_password_no_page(proxy: Proxy) -> None:
    for password in (None, "wrong", ""):
        status, body = proxy.ask(password=password)
        assert (status, "Host" in body) == (401, False)


def test_with_the_password_the_page_comes_and_the_password_stays_at_the_proxy(proxy: Proxy) -> None:
    status, body = proxy.ask()
    assert status == 200
    assert "Authorization: Basic" not in body
    assert PASSWORD not in body


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1", "localhost"])
def test_a_foreign_name_gets_nothing(proxy: Proxy, host: str) -> None:
    assert proxy.ask(host=host)[0] in (0, 421)


def test_only_a_posted_webhook_passes_without_the_password(proxy: Proxy) -> None:
    status, body = proxy.ask(password=None, line="POST /webhooks/qtickets", **{"X-Signature": "ab12"})
    assert (status, body) == (200, "/qtickets for 127.0.0.1 signed ab12: {}")
    for line in (
        "GET /webhooks/qtickets",
        "POST /webhooks/qtickets/x",
        "POST /graphql",
        "POST /webhooks/qtickets/../graphql",
    ):
        status, body = proxy.ask(password=None, line=line)
        assert (status in (401, 403), "signed" in body) == (True, False), line


def test_a_websocket_passes(proxy: Proxy) -> None:
    asked = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Key": "x", "Sec-WebSocket-Version": "13"}
    assert proxy.ask(**asked)[0] == 101
    assert proxy.ask(password=None, **asked)[0] == 401


def test_plain_http_never_reaches_the_ui(proxy: Proxy) -> None:
    for host in (NAME, "evil.example"):
        connection = http.client.HTTPConnection("127.0.0.1", proxy.plain, timeout=5)
        connection.putrequest("GET", "/", skip_host=True)
        connection.putheader("Host", host)
        connection.endheaders()
        try:
            answer = connection.getresponse()
        except (http.client.HTTPException, ConnectionError):
            continue
        assert answer.status in (301, 308)
        assert answer.headers["Location"].startswith(f"https://{NAME}")
