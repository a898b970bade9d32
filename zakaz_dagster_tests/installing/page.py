"""The commands of docs/install.md, section by section, as a reader would type them."""

from __future__ import annotations

import re
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs" / "install.md"
SECTION = re.compile(r"^## (.*)\n((?:(?!## ).*\n?)*)", re.MULTILINE)
BLOCK = re.compile(r"^```\n(.*?)^```", re.MULTILINE | re.DOTALL)
REMARK = re.compile(r"\s+#\s.*$")


def sections() -> dict[str, list[str]]:
    """Heading to commands; a section without a block of its own is there without any."""
    return {
        title: [REMARK.sub("", line) for block in BLOCK.findall(text) for line in block.splitlines() if line.strip()]
        for title, text in SECTION.findall(PAGE.read_text("utf-8"))
    }
