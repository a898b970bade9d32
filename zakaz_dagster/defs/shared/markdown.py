"""Texts of others in descriptions that Dagster's UI reads as Markdown: letters, and nothing that comes to life.

Belongs here: there and back. Does not: what is taken out of a text (`redaction`).
"""

from __future__ import annotations

import re

_MARKUP = re.compile(r"[\\\[\]<>`!*|&]")
_ESCAPED = re.compile(r"\\([\\\[\]<>`!*|&])")


def as_markdown(text: str) -> str:
    """Markdown that shows the text letter by letter: no link, image, code or HTML."""
    return _MARKUP.sub(r"\\\g<0>", text)


def from_markdown(text: str) -> str:
    """The text that `as_markdown` was given."""
    return _ESCAPED.sub(r"\1", text)
