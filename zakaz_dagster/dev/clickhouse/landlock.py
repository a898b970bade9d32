"""The kernel's own fence around the engine: which files it may open, and that it may connect to nothing.

Linux has it from 5.19 on (ABI 2), for connections from 6.7 on (ABI 4). It holds whatever SQL says, because no code of
this process can take it back. Belongs here: the system calls. Does not: which paths (`serve`), the engine's own rights
(`access`).
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterable
from pathlib import Path

_CREATE, _ADD, _RESTRICT = 444, 445, 446
_PR_SET_NO_NEW_PRIVS = 38
_PATH_BENEATH = 1
_FILES_ABI, _TRUNCATE_ABI, _NETWORK_ABI = 2, 3, 4
_ALL_FILES = (1 << 14) - 1  # up to "refer", a rename between folders
_TRUNCATE = 1 << 14
_EXECUTE = 1 << 0
_READ_FILE, _READ_FOLDER = 1 << 2, 1 << 3
_FOLDER_ONLY = _READ_FOLDER | sum(1 << bit for bit in range(4, 14))
_NETWORK = 0b11  # bind and connect


class _Ruleset(ctypes.Structure):
    _fields_ = (("files", ctypes.c_uint64), ("network", ctypes.c_uint64))


class _Beneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("access", ctypes.c_uint64), ("parent", ctypes.c_int32))


def version() -> int:
    """The kernel's ABI; 0 without one that is of use."""
    if not sys.platform.startswith("linux"):
        return 0
    found = _libc().syscall(_CREATE, None, 0, 1)
    return found if found >= _FILES_ABI else 0


def restrict(*, writable: Iterable[Path], readable: Iterable[Path], files: bool, network: bool) -> tuple[bool, bool]:
    """Fence this thread and all it starts; (files, network) are what the kernel really closes."""
    abi = version()
    files, network = files and abi > 0, network and abi >= _NETWORK_ABI
    if not files and not network:
        return False, False
    access = (_ALL_FILES | (_TRUNCATE if abi >= _TRUNCATE_ABI else 0)) if files else 0
    rules = _Ruleset(access, _NETWORK if network else 0)
    size = ctypes.sizeof(rules) if abi >= _NETWORK_ABI else 8
    fence = _checked(_CREATE, ctypes.byref(rules), size, 0)
    if files:
        for path in writable:
            _allow(fence, path, access & ~_EXECUTE)
        for path in readable:
            _allow(fence, path, _READ_FILE | _READ_FOLDER)
    if _libc().prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl")
    _checked(_RESTRICT, fence, 0)
    os.close(fence)
    return files, network


def _allow(fence: int, path: Path, access: int) -> None:
    """What does not exist on this machine needs no rule."""
    if not path.exists():
        return
    handle = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        rule = _Beneath(access if path.is_dir() else access & ~_FOLDER_ONLY, handle)
        _checked(_ADD, fence, _PATH_BENEATH, ctypes.byref(rule), 0)
    finally:
        os.close(handle)


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _checked(*arguments: object) -> int:
    answer: int = _libc().syscall(*arguments)
    if answer < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return answer
