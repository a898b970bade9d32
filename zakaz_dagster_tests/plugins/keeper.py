"""Debian's ZooKeeper on a free port of the loopback, for tests of replicated tables. Not a pytest plugin by itself."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

JAR = Path("/usr/share/java/zookeeper.jar")
ABSENT = shutil.which("java") is None or not JAR.exists()
PATIENCE_SECONDS = 40
CONFIG = """tickTime=500
dataDir={folder}/data
clientPort={port}
clientPortAddress=127.0.0.1
admin.enableServer=false
"""


@contextmanager
def zookeeper(folder: Path) -> Iterator[int]:
    """A server of its own; its port."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "zoo.cfg").write_text(CONFIG.format(folder=folder, port=port))
    command = ["java", "-Xmx128m", "-cp", str(JAR), "org.apache.zookeeper.server.quorum.QuorumPeerMain", "zoo.cfg"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=subprocess.STDOUT)
    try:
        _wait(process, port)
        yield port
    finally:
        process.kill()
        process.wait()


def _wait(process: subprocess.Popen[bytes], port: int) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            assert process.poll() is None, "ZooKeeper ended"
            assert time.monotonic() < until, "ZooKeeper does not answer"
            time.sleep(0.1)
