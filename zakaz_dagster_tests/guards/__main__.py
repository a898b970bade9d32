"""`python -m zakaz_dagster_tests.guards [NAME …]`: take each guard out of a copy of the tree and run its tests.

A guard is killed when a test fails, and survives when all pass: then nobody would notice that it is gone. Exit code 1
when one survived, 2 when an entry of the list no longer fits the code.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import Queue

from rich.console import Console
from rich.progress import track

PROJECT = Path(__file__).resolve().parents[2]
LIST = Path(__file__).with_name("guards.toml")
WORKERS = 2
LONGEST_SECONDS, LONGEST_WHOLE_SECONDS = 180, 3600
COPIED = ("zakaz_dagster", "zakaz_dagster_tests", "sql", "configs", "deploy", "docs", "benchmarks")


@dataclass(frozen=True)
class Guard:
    """One rule of the code: the text that keeps it, what stands there without it, and who must notice."""

    name: str
    file: str
    find: str
    replace: str
    tests: tuple[str, ...]

    def removed_from(self, root: Path) -> str:
        """The file without the guard; an entry that fits nothing, or more than one place, is an error."""
        text = (root / self.file).read_text("utf-8")
        if text.count(self.find) != 1:
            raise ValueError(f"{self.name}: the text stands {text.count(self.find)} times in {self.file}, not once")
        return text.replace(self.find, self.replace)


def guards() -> list[Guard]:
    """All entries of the list, by name."""
    with LIST.open("rb") as file:
        return [
            Guard(name, entry["file"], entry["find"], entry["replace"], tuple(entry["tests"]))
            for name, entry in tomllib.load(file).items()
        ]


def copy(root: Path) -> Path:
    """The tree as far as tests need it, with links kept and without compiled files."""
    ignored = shutil.ignore_patterns("__pycache__", "*.pyc")
    for name in COPIED:
        shutil.copytree(PROJECT / name, root / name, symlinks=True, ignore=ignored)
    for path in PROJECT.iterdir():
        if path.is_file():
            shutil.copy2(path, root / path.name)
    shared = PROJECT.parent / "shared"
    if shared.exists():
        (root.parent / "shared").symlink_to(shared.resolve())
    return root


def run(root: Path, tests: Sequence[str], longest: int = LONGEST_SECONDS) -> subprocess.CompletedProcess[str]:
    """The tests in that tree; stale bytecode would hide a change within one second."""
    environment = {
        **os.environ,
        "PYTHONPATH": str(root),
        "PYTHONDONTWRITEBYTECODE": "1",
        "HYPOTHESIS_PROFILE": "guards",
    }
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-n", "0", "-p", "no:cacheprovider", "-m", "", *tests]
    return subprocess.run(  # noqa: S603
        command, cwd=root, env=environment, capture_output=True, text=True, timeout=longest, check=False
    )


def verdict(root: Path, guard: Guard) -> str:
    """`killed`, `survived`, or what is wrong with the entry."""
    path = root / guard.file
    kept = path.read_text("utf-8")
    try:
        path.write_text(guard.removed_from(root), "utf-8")
        done = run(root, guard.tests)
    except (ValueError, OSError) as error:
        return str(error)
    except subprocess.TimeoutExpired:
        return "killed"  # a test that never ends is noticed, too
    finally:
        path.write_text(kept, "utf-8")
    if done.returncode in (0, 1):
        return "survived" if done.returncode == 0 else "killed"
    return f"pytest ended with {done.returncode}: {' '.join(done.stdout.split()[-30:])}"


def main(names: Sequence[str]) -> int:
    console = Console()
    chosen = [guard for guard in guards() if not names or guard.name in names]
    with tempfile.TemporaryDirectory() as place:
        free: Queue[Path] = Queue()
        for number in range(WORKERS):
            folder = Path(place) / str(number)
            folder.mkdir()
            free.put(copy(folder / "tree"))
        untouched = free.get()
        whole = run(untouched, sorted({test for guard in chosen for test in guard.tests}), LONGEST_WHOLE_SECONDS)
        free.put(untouched)
        if whole.returncode:
            console.print(f"[red]the tests fail with every guard in place:[/]\n{whole.stdout[-3000:]}")
            return 2

        def one(guard: Guard) -> tuple[Guard, str]:
            root = free.get()
            try:
                return guard, verdict(root, guard)
            finally:
                free.put(root)

        with ThreadPoolExecutor(WORKERS) as pool:
            found = list(track(pool.map(one, chosen), "guards", total=len(chosen), console=console))
    for guard, outcome in found:
        console.print(f"[{'green' if outcome == 'killed' else 'red'}]{outcome:9}[/] {guard.name}  ({guard.file})")
    outcomes = [outcome for _, outcome in found]
    console.print(f"{outcomes.count('killed')} killed, {outcomes.count('survived')} survived, of {len(found)}")
    return 2 if {*outcomes} - {"killed", "survived"} else int("survived" in outcomes)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
