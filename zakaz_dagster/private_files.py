"""Files that hold state or secrets: mode 0600 in a folder of mode 0700, whatever the umask.

Belongs here: making, replacing and tightening them. Does not: what is in them, when it changes.
"""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
from pathlib import Path

FILE, FOLDER = 0o600, 0o700


def private_folder(path: Path) -> Path:
    """The folder, made with its parents when it is absent; ours is closed to others. Raises OSError.

    What many share (a sticky folder such as /tmp, the home folder, the working folder) stays as it is.
    """
    made = [folder for folder in (path, *path.parents) if not folder.exists()]
    path.mkdir(parents=True, exist_ok=True, mode=FOLDER)
    for folder in made:
        folder.chmod(FOLDER)  # mkdir's mode is subject to the umask, and is not that of parents
    about = path.stat()
    shared = about.st_mode & stat.S_ISVTX or path.resolve() in (Path.home().resolve(), Path.cwd())
    if not shared and about.st_uid == os.getuid():
        _tighten(path, FOLDER)
    return path


def private_file(path: Path) -> Path:
    """The file, empty when it was absent, for code that opens it by itself (SQLite). Raises OSError."""
    private_folder(path.parent)
    os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, FILE))
    _tighten(path, FILE)
    return path


def write_private(path: Path, content: bytes) -> None:
    """Replace the file atomically: a reader sees the old or the new one, never half. Raises OSError."""
    private_folder(path.parent)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # created 0600
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    finally:
        Path(name).unlink(missing_ok=True)  # there only when something went wrong


def read_private(path: Path) -> bytes:
    """The content; a file others may read is closed to them first, where that is ours to do. Raises OSError."""
    _tighten(path, FILE)
    return path.read_bytes()


def _tighten(path: Path, mode: int) -> None:
    if stat.S_IMODE(path.stat().st_mode) & ~mode:
        with contextlib.suppress(OSError):  # somebody else's
            path.chmod(mode)
