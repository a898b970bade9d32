"""What verbs print to: a console in UTF-8, tables that lose nothing, progress on what takes a while.

Belongs here: the terminal. Does not: what is said on it.
"""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.table import Column, Table

from zakaz_dagster.cli.seam import VERBOSE

WITHOUT_TERMINAL = 140  # columns, where nobody narrows them


def console() -> Console:
    """Standard output; a file or a pipe gets wide lines."""
    made = Console()
    return made if made.is_terminal or "COLUMNS" in os.environ else Console(width=WITHOUT_TERMINAL)


def table(*titles: str, title: str = "") -> Table:
    """A table whose cells go on in the next line where they are too long, and lose nothing."""
    return Table(*(Column(name, overflow="fold") for name in titles), title=title or None)


@contextmanager
def working(text: str) -> Iterator[None]:
    """Say what takes a while, on a terminal, until it is over."""
    errors = Console(stderr=True)
    if not errors.is_terminal:
        yield
        return
    with errors.status(f"{text} …"):
        yield


def quiet() -> None:
    """Keep the lines of libraries, first of all Dagster's, to those who asked for them."""
    if not VERBOSE.get():
        logging.disable(logging.CRITICAL)
        warnings.simplefilter("ignore")
