"""Chromium without a window: opens the pages, so that they can be pictured and tested.

Speaks the DevTools protocol over two pipes (`--remote-debugging-pipe`): no port, no extra package.
Belongs here: starting, asking, ending. Does not: what is on a page.
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from zakaz_dagster.errors import Fatal, Retriable

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
PATIENCE_SECONDS = 60.0
FLAGS = (
    "--headless",
    "--disable-gpu",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-extensions",
    "--hide-scrollbars",
    "--force-color-profile=srgb",
    "--remote-debugging-pipe",
)
# The browser wants its ends as 3 and 4; ours are numbered higher, so that none is overwritten.
BESIDE_THE_STANDARD_ONES = 10
HANDOVER = (
    "import os, sys; os.dup2(int(sys.argv[1]), 3); os.dup2(int(sys.argv[2]), 4); os.execv(sys.argv[3], sys.argv[3:])"
)
Message = dict[str, Any]


def find() -> str | None:
    """The browser on PATH, by the names distributions give it."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


class Tab:
    """One page. `console` collects its errors, warnings and uncaught exceptions as they come."""

    def __init__(self, send: Callable[[Message], None], receive: Callable[[], Message]) -> None:
        self._send = send
        self._receive = receive
        self._number = 0
        self._session = ""
        self.console: list[str] = []

    def attach(self) -> None:
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self.ask(f"{domain}.enable")

    def ask(self, method: str, **params: object) -> Message:
        """Call a method of the protocol and wait for its answer."""
        self._number += 1
        session = {"sessionId": self._session} if self._session else {}
        self._send({"id": self._number, "method": method, "params": params, **session})
        while (message := self._receive()).get("id") != self._number:
            self._notice(message)
        if "error" in message:
            raise Fatal(f"{method}: {message['error'].get('message')}", source="chromium")
        result: Message = message["result"]
        return result

    def open(self, url: str) -> None:
        if why := self.ask("Page.navigate", url=url).get("errorText"):
            raise Fatal(f"{url} cannot be opened: {why}", source="chromium", next_step="start what answers there")

    def value(self, expression: str) -> Any:
        """What a JavaScript expression gives, by value."""
        answer = self.ask("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise Fatal(_thrown(answer["exceptionDetails"]), source="chromium", expected=expression)
        return answer["result"].get("value")

    def wait_for(self, expression: str) -> None:
        """Until the expression is true."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not self.value(expression):
            if time.monotonic() > deadline:
                raise Fatal(f"never true: {expression}", source="chromium", next_step=f"console: {self.console}")
            time.sleep(0.05)

    def picture(self, path: Path, width: int, height: int | None = None) -> None:
        """The page as PNG, sizes in pixels; without a height the whole of it, however long it is."""
        self.size(width, height or 900)
        if height is None:
            self.size(width, int(self.value("document.documentElement.scrollHeight")))
        self.wait_for("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))")
        shot = self.ask("Page.captureScreenshot", format="png")
        path.write_bytes(base64.b64decode(shot["data"]))

    def size(self, width: int, height: int) -> None:
        """Width and height of the window in pixels."""
        self.ask("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def _notice(self, message: Message) -> None:
        params = message.get("params", {})
        if message.get("method") == "Runtime.exceptionThrown":
            self.console.append(_thrown(params["exceptionDetails"]))
        elif message.get("method") == "Log.entryAdded" and params["entry"]["level"] in ("error", "warning"):
            self.console.append(str(params["entry"]["text"]))
        elif message.get("method") == "Runtime.consoleAPICalled" and params["type"] in ("error", "warning", "assert"):
            self.console.append(" ".join(str(part.get("value", part.get("description"))) for part in params["args"]))


@contextmanager
def tab(executable: str, *flags: str) -> Iterator[Tab]:
    """A page in a browser of its own, with an empty profile and further `flags`; it ends with the block."""
    with ExitStack() as stack:
        profile = stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True))
        handed_over = stack.enter_context(ExitStack())
        to_browser, from_us = _pipe(handed_over, stack)
        to_us, from_browser = _pipe(stack, handed_over)
        root = ["--no-sandbox"] if os.geteuid() == 0 else []
        command = [executable, *FLAGS, *flags, *root, f"--user-data-dir={profile}", "about:blank"]
        process = subprocess.Popen(  # noqa: S603  the command is ours
            [sys.executable, "-S", "-c", HANDOVER, str(to_browser), str(from_browser), *command],
            pass_fds=(to_browser, from_browser),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        stack.callback(_end, process)
        handed_over.close()  # once: a number closed twice may be somebody else's by then
        made = Tab(lambda message: _write(from_us, message), _reader(to_us))
        made.attach()
        yield made


def _pipe(reading: ExitStack, writing: ExitStack) -> tuple[int, int]:
    """Its two ends, each closed with its stack."""
    ends = []
    for end, stack in zip(os.pipe(), (reading, writing), strict=True):
        ends.append(fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, BESIDE_THE_STANDARD_ONES))
        os.close(end)
        stack.callback(os.close, ends[-1])
    return ends[0], ends[1]


def _write(end: int, message: Message) -> None:
    rest = json.dumps(message).encode() + b"\0"
    while rest:
        rest = rest[os.write(end, rest) :]


def _reader(end: int) -> Callable[[], Message]:
    """Messages one by one; they are separated by a zero byte."""
    held = bytearray()

    def receive() -> Message:
        while b"\0" not in held:
            ready, _, _ = select.select([end], [], [], PATIENCE_SECONDS)
            part = os.read(end, 1 << 16) if ready else b""
            if not part:
                raise Retriable("the browser went silent", source="chromium", next_step="run it again")
            held.extend(part)
        text, _, rest = bytes(held).partition(b"\0")
        held[:] = rest
        message: Message = json.loads(text)
        return message

    return receive


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _thrown(details: Message) -> str:
    return str(details.get("exception", {}).get("description") or details.get("text"))
