"""`python -m zakaz_dagster_tests.secret_scan`: no file of the repository holds what looks like a secret and is not known.

The list of what is known (`.secrets.baseline`) holds hashes of invented values: passwords of tests, samples, hashes of
texts. `--renew` writes it anew: read the difference before it is committed. Exit code 1 when something new was found.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from detect_secrets.core import baseline
from detect_secrets.core.secrets_collection import SecretsCollection
from detect_secrets.settings import default_settings

PROJECT = Path(__file__).resolve().parents[1]
KNOWN = ".secrets.baseline"
# Hashes of packages, a script that is proved by its checksum, tables of names.
LEFT_OUT = ("requirements/", "zakaz_dagster/datalens/static/echarts/", "sql/seeds/", KNOWN)


def tracked(root: Path) -> list[str]:
    """The repository's files, as git knows them."""
    listed = subprocess.run(["git", "ls-files"], cwd=root, capture_output=True, text=True, check=True).stdout
    return [name for name in listed.splitlines() if not name.startswith(LEFT_OUT) and (root / name).is_file()]


def scanned(root: Path, names: Sequence[str]) -> SecretsCollection:
    """What looks like a secret in these files."""
    found = SecretsCollection(root=str(root))
    with default_settings():
        found.scan_files(*names, num_processors=2)
    return found


def known(root: Path) -> set[tuple[str, str, str]]:
    """File, type and hash of each value that is known."""
    kept = baseline.load(baseline.load_from_file(str(root / KNOWN)), str(root / KNOWN))
    return {(name, each.type, each.secret_hash) for name, each in kept}


def main(arguments: Sequence[str]) -> int:
    found = scanned(PROJECT, tracked(PROJECT))
    if "--renew" in arguments:
        with default_settings():
            baseline.save_to_file(found, str(PROJECT / KNOWN))
        kept = (PROJECT / KNOWN).read_text("utf-8")
        (PROJECT / KNOWN).write_text(kept.replace(f"{PROJECT}/", ""), "utf-8")  # the same in every checkout
        return 0
    seen = known(PROJECT)
    fresh = [(name, each) for name, each in found if (name, each.type, each.secret_hash) not in seen]
    for name, secret in fresh:
        print(  # noqa: T201  it is a command
            f"{name}:{secret.line_number}: {secret.type}; an invented one: python -m zakaz_dagster_tests.secret_scan --renew"
        )
    return 1 if fresh else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
