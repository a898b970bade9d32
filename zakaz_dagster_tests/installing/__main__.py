"""`make install-proof`: docs/install.md, command by command, on a new Debian 12 in a folder, until `zakaz smoke` is green.

debootstrap makes the folder. Its commands run in a chroot with mounts and processes of their own; from the second
section on there is no network but a loopback of its own, so the ports are those of the page. Not as on a server:
systemd does not run in a chroot, so `systemctl` enables units only and `supervisor` starts what they say; PostgreSQL and
nginx are started as their packages would; the vendors are the sandbox, and in the place of a ClickHouse server, which
Debian 12 has in no version that is supported, stands the local engine. Both run outside the folder, as on other machines.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import click

from zakaz_dagster_tests.installing import server
from zakaz_dagster_tests.installing.page import sections

PROJECT = Path(__file__).resolve().parents[2]
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
NAMESPACES = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]


def main() -> int:
    parser = argparse.ArgumentParser(prog="make install-proof", description=__doc__)
    parser.add_argument("--tree", type=Path, default=Path("/var/tmp/zakaz-install-proof"))  # noqa: S108  root's own
    parser.add_argument("--phase", choices=("packages", "services"), help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.phase:
        {"packages": packages, "services": services}[chosen.phase](chosen.tree)
        return 0
    lacking = [name for name in ("debootstrap", "unshare", "chroot", "ip") if shutil.which(name) is None]
    if os.geteuid() or lacking:
        click.echo(f"skipped: it needs {', '.join(lacking)}" if lacking else "skipped: it needs root, for chroot")
        return 0
    began = time.monotonic()
    build(chosen.tree)
    for phase, own in (("packages", []), ("services", ["--net"])):
        again = [sys.executable, "-m", __spec__.name, "--tree", str(chosen.tree), "--phase", phase]
        subprocess.run([*NAMESPACES, *own, *again], check=True, cwd=PROJECT)
    click.echo(f"all of it, with debootstrap: {time.monotonic() - began:.0f} s")
    return 0


def build(tree: Path) -> None:
    """A new minimal Debian 12 and, in it, a repository with this checkout's last commit."""
    shutil.rmtree(tree, ignore_errors=True)
    began = time.monotonic()
    with (tree.parent / "debootstrap.log").open("w") as log:
        words = ["debootstrap", "--variant=minbase", "--include=systemd,ca-certificates,procps", "bookworm", str(tree)]
        subprocess.run(words, check=True, stdout=log, stderr=log)
    click.echo(
        f"{time.monotonic() - began:6.1f} s  debootstrap: Debian {(tree / 'etc/debian_version').read_text().strip()}"
    )
    policy = tree / "usr/sbin/policy-rc.d"  # packages start nothing in a chroot
    policy.write_text("#!/bin/sh\nexit 101\n")
    policy.chmod(0o755)
    if CERTIFICATES.exists():  # the authorities of this machine, which may stand before the registries
        shutil.copy(CERTIFICATES, tree / CERTIFICATES.relative_to("/"))
    clone = ["git", "clone", "--quiet", "--bare", "--no-hardlinks", str(PROJECT), str(tree / "srv/zakaz.git")]
    subprocess.run(clone, check=True)


def packages(tree: Path) -> None:
    """The page's first section, which needs the network."""
    there = server.Server(tree)
    there.mount()
    there.type(sections()["1. Code and packages"], {"<the repository>": "/srv/zakaz.git"})
    (tree / "var/tmp/typed").write_text(f"{there.count} {there.seconds}")


def services(tree: Path) -> None:
    """The other sections, on a loopback of their own."""
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    count, seconds = (tree / "var/tmp/typed").read_text().split()
    there = server.Server(tree, int(count), float(seconds))
    there.mount()
    with server.elsewhere(tree) as settings:
        there.install(settings)


if __name__ == "__main__":
    sys.exit(main())
