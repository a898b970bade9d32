"""Where the project's files are: in a checkout at its top, in an installed wheel inside the package.

The package's folder `_files` holds both: links to the checkout's folders, which the wheel ships as what they point to.
"""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

PACKAGE = Path(str(files("zakaz_dagster"))).resolve()
FILES = PACKAGE / "_files"
SQL_ROOT = (FILES / "sql").resolve()
# Where data and secrets are looked for unless a setting says otherwise: the checkout, or the folder of the command.
PROJECT_ROOT = SQL_ROOT.parent if SQL_ROOT.parent == PACKAGE.parent else Path.cwd()


def shown(path: Path) -> str:
    """A path as people should read it: short where it lies in the project."""
    return str(path.relative_to(PROJECT_ROOT)) if path.is_relative_to(PROJECT_ROOT) else str(path)
