"""A secret on disk: mode 0600, replaced atomically, so that a reader sees the old or the new one, never half.

Belongs here: writing and tightening such a file. Does not: what is in it, when it changes.
"""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
from pathlib import Path

OWNER_ONLY = 0o600


def write_secret(path: Path, content: bytes) -> None:
    """Replace the file; raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # created 0600
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    finally:
        Path(name).unlink(missing_ok=True)  # there only when something went wrong


def read_secret(path: Path) -> bytes:
    """The content; a file others may read is closed to them first, where that is ours to do. Raises OSError."""
    if stat.S_IMODE(path.stat().st_mode) & ~OWNER_ONLY:
        with contextlib.suppress(OSError):
            path.chmod(OWNER_ONLY)
    return path.read_bytes()
