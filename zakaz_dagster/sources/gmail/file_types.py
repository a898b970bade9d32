"""What a part is: by its first bytes where it has them, by name and declared type before it is fetched.

Declared types are unreliable (CSV comes as application/octet-stream), so they only ever spare a download.
Belongs here: telling kinds apart, and why some are not read. Does not: reading them.
"""

from __future__ import annotations

from enum import StrEnum

from zakaz_dagster.sources.gmail import archive
from zakaz_dagster.sources.gmail.mail import Leaf
from zakaz_dagster.tables.files import WHY_NOT, ZIP, why_not
from zakaz_dagster.tables.spreadsheets import is_workbook

READABLE = {"csv", "tsv", "txt", "htm", "html", "zip", "xls", "xlsx", "eml"}
UNREAD_TYPES = ("image/", "audio/", "video/", "font/", "application/pdf", "application/ms-tnef", "text/calendar")
TNEF_NAME = "winmail.dat"


class Kind(StrEnum):
    TEXT = "text"
    HTML = "html"
    CSV = "csv"
    XLSX = "xlsx"
    ZIP = "zip"
    MAIL = "mail"
    OTHER = "other"


def unread_reason(leaf: Leaf) -> str:
    """Why a part is not even fetched; '' when it has to be looked at."""
    if leaf.mime == "application/ms-tnef" or leaf.filename.lower() == TNEF_NAME:
        return WHY_NOT["tnef"]
    if leaf.extension in READABLE or not leaf.mime.startswith(UNREAD_TYPES):
        return ""
    if leaf.mime == "application/pdf":
        return WHY_NOT["pdf"]
    return f"{leaf.mime} is not read"


def kind_of(data: bytes, leaf: Leaf) -> tuple[Kind, str]:
    """The kind of the content, and why it is not read if it is not."""
    reason = why_not(data)
    if reason:
        return Kind.OTHER, reason
    if data.startswith(ZIP):
        held = archive.names(data)
        if is_workbook(held):
            return Kind.XLSX, ""
        return (Kind.OTHER, WHY_NOT["office"]) if "[Content_Types].xml" in held else (Kind.ZIP, "")
    if leaf.mime == "message/rfc822" or leaf.extension == "eml":
        return Kind.MAIL, ""
    return Kind.TEXT, ""
