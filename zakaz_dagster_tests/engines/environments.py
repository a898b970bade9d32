"""The engines that pip can install, each in an environment of its own: `python -m zakaz_dagster_tests.engines.environments [VERSION …]`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HOME = Path(__file__).resolve().parents[2] / ".engines"
# The newest is the one that the project itself runs on.
PACKAGES = {"25.8": "chdb==3.7.2", "26.1": "chdb-core==26.1.0", "26.3": "chdb-core==26.3.0"}
NEWEST = "26.9"
VERSIONS = (*PACKAGES, NEWEST)


def python(version: str) -> Path | None:
    """The interpreter that has this engine; None when its environment was not made."""
    path = Path(sys.executable) if version == NEWEST else HOME / version / "bin" / "python"
    return path if path.exists() else None


def make(version: str) -> bool:
    """Make the environment unless it is there; False when it cannot be had."""
    if python(version):
        return True
    folder, uv = HOME / version, [sys.executable, "-m", "uv"]
    commands = (
        [*uv, "venv", "--quiet", "--python", sys.executable, str(folder)],
        [*uv, "pip", "install", "--quiet", "--python", str(folder / "bin" / "python"), PACKAGES[version]],
    )
    return all(subprocess.run(command, check=False).returncode == 0 for command in commands)


if __name__ == "__main__":
    for asked in sys.argv[1:] or PACKAGES:
        state = "ready" if make(asked) else "cannot be installed here; its tests are skipped"
        sys.stdout.write(f"ClickHouse {asked}: {state}\n")
