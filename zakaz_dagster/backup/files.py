"""What must be kept beside ClickHouse: Dagster's storage, tokens, memory of alerts, DataLens' state, secrets, the salt.

One `.tar.gz`, 0600, with a manifest inside. SQLite files are copied by SQLite's own backup, so a running daemon does
no harm. Belongs here: that archive. Does not: the warehouse (`engine`).
"""

from __future__ import annotations

import json
import os
import sqlite3
import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from zakaz_dagster.errors import BadData, ConfigFault

MANIFEST = "manifest.json"
SQLITE = b"SQLite format 3\x00"
BESIDE = ("-wal", "-shm", "-journal")
# Made again by themselves, or large and kept by the warehouse's own backup.
LEFT_OUT = frozenset({"clickhouse", "preview", "logs", "compute_logs", ".nux", "__pycache__"})


@dataclass(frozen=True)
class Packed:
    """What stands in an archive: files by place, and how many bytes they have together."""

    files: Mapping[str, int]
    bytes: int


def pack(places: Mapping[str, Path], archive: Path) -> Packed:
    """Write the archive of these folders and files by name (absent ones are left out); a symlink is not followed.

    Raises ConfigFault when there is nothing to keep or the archive cannot be written.
    """
    counts: dict[str, int] = {}
    total = 0
    try:
        archive.parent.mkdir(parents=True, exist_ok=True)
        unfinished = archive.with_name(f".{archive.name}.unfinished")
        with (
            os.fdopen(os.open(unfinished, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "wb") as raw,
            tarfile.open(fileobj=raw, mode="w:gz") as tar,
            tempfile.TemporaryDirectory() as place,
        ):
            for name, folder in places.items():
                root = folder.parent if folder.is_file() else folder
                for path in _files(folder):
                    if path in (archive.absolute(), unfinished.absolute()):
                        continue
                    copy = _still(path, Path(place))
                    tar.add(copy, arcname=f"{name}/{path.relative_to(root)}", recursive=False)
                    counts[name] = counts.get(name, 0) + 1
                    total += copy.stat().st_size
            manifest = Path(place) / MANIFEST
            manifest.write_text(json.dumps({"files": counts, "places": {k: str(v) for k, v in places.items()}}))
            tar.add(manifest, arcname=MANIFEST)
        unfinished.replace(archive)
    except OSError as error:
        raise ConfigFault(f"{archive} cannot be written: {error.strerror}", source="backup") from None
    if not counts:
        archive.unlink()
        raise ConfigFault("there is nothing to keep", source="backup", expected="a data folder or secrets")
    return Packed(counts, total)


def unpack(archive: Path, target: Path) -> Packed:
    """Put the archive's files below `target` (new or empty), each in the folder of its place.

    They are put where they belong by hand: a running platform must not find half of them.
    """
    if target.exists() and any(target.iterdir()):
        raise ConfigFault(f"{target} is not empty", source="backup", next_step="name a new folder")
    try:
        with tarfile.open(archive) as tar:
            members = tar.getmembers()
            tar.extractall(target, filter="data")
        manifest = json.loads((target / MANIFEST).read_text())
    except (OSError, tarfile.TarError, ValueError) as error:
        raise BadData(
            f"{archive} is no archive of ours: {error}", source="backup", expected="a file of `zakaz backup files`"
        ) from None
    found = sum(member.isfile() for member in members) - 1
    if found != sum(manifest["files"].values()):
        raise BadData(f"{archive} holds {found} files", source="backup", expected=f"{sum(manifest['files'].values())}")
    for path in target.rglob("*"):
        path.chmod(0o700 if path.is_dir() else 0o600)
    return Packed(manifest["files"], sum(member.size for member in members))


def _files(folder: Path) -> Iterator[Path]:
    if folder.is_file():
        yield folder
    if not folder.is_dir():
        return
    for path in sorted(folder.iterdir()):
        if path.is_symlink() or path.name in LEFT_OUT or path.name.endswith(BESIDE):
            continue
        if path.is_dir():
            yield from _files(path)
        elif path.is_file():
            yield path


def _still(path: Path, place: Path) -> Path:
    """The file itself, or a copy that does not move: of an SQLite file with all that its log holds."""
    with path.open("rb") as file:
        if file.read(len(SQLITE)) != SQLITE:
            return path
    copy = place / "copy.sqlite3"
    copy.unlink(missing_ok=True)
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as live, closing(sqlite3.connect(copy)) as made:
        live.backup(made)
    return copy
