"""Zip archives: their files, bounded before and while they are unpacked; nothing is written to disk.

Belongs here: unpacking. Does not: archives within archives (refused), reading the files.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from dataclasses import dataclass

from zakaz_dagster.tables.limits import LIMITS, Limits, Refused

ENCRYPTED = 0x1
UTF8_NAME = 0x800


@dataclass(frozen=True)
class Member:
    """A file of an archive; `name` serves to recognise its kind and is never a path that is opened."""

    name: str
    data: bytes


def names(data: bytes) -> list[str]:
    """What the archive holds; empty when it cannot be read."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return archive.namelist()
    except (zipfile.BadZipFile, ValueError, EOFError, OSError):
        return []


def members(data: bytes, limits: Limits = LIMITS) -> list[Member]:
    """Every file of the archive."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            found = [info for info in archive.infolist() if not info.is_dir()]
            _check(found, limits)
            return [Member(_name(info), _read(archive, info, limits)) for info in found]
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, ValueError, OSError) as error:
        raise Refused(f"the archive cannot be unpacked ({type(error).__name__})") from None


def _check(found: list[zipfile.ZipInfo], limits: Limits) -> None:
    if any(info.flag_bits & ENCRYPTED for info in found):
        raise Refused("the archive is protected by a password")
    if len(found) > limits.members:
        raise Refused(f"the archive holds {len(found)} files; the limit is {limits.members}")
    if sum(info.file_size for info in found) > limits.part_bytes:
        raise Refused(f"the archive unpacks to more than {limits.part_bytes} bytes")


def _read(archive: zipfile.ZipFile, info: zipfile.ZipInfo, limits: Limits) -> bytes:
    """The sizes an archive states may be false, so the reading itself is bounded as well."""
    with archive.open(info) as file:
        data = file.read(limits.part_bytes + 1)
    if len(data) > limits.part_bytes:
        raise Refused(f"the archive unpacks to more than {limits.part_bytes} bytes")
    return data


def _name(info: zipfile.ZipInfo) -> str:
    """Windows archivers write Cyrillic names in CP866, which the library reads as CP437."""
    if info.flag_bits & UTF8_NAME:
        return info.filename
    return info.filename.encode("cp437", "replace").decode("cp866", "replace")
