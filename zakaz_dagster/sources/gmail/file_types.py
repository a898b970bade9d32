"""What a part is: by its first bytes where it has them, by name and declared type before it is fetched.

Declared types are unreliable (CSV comes as application/octet-stream), so they only ever spare a download.
Belongs here: telling kinds apart, and why some are not read. Does not: reading them.
"""

from __future__ import annotations

from enum import StrEnum

from zakaz_dagster.sources.gmail import archive
from zakaz_dagster.sources.gmail.mail import Leaf

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


WHY_NOT = {
    "tnef": "winmail.dat is Outlook's own container and is not read: the sender should send plain HTML",
    "ole": "an old .xls or a password-protected workbook is not read: it is needed as .xlsx or .csv",
    "pdf": "a PDF is not read: the report is needed as a table, .csv or .xlsx",
    "image": "an image is not read",
    "archive": "this kind of archive is not read: .zip is",
    "office": "this kind of document is not read: .csv and .xlsx are",
}
_MAGIC = (
    (b"\x78\x9f\x3e\x22", "tnef"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "ole"),
    (b"%PDF-", "pdf"),
    (b"\x89PNG", "image"),
    (b"\xff\xd8\xff", "image"),
    (b"GIF8", "image"),
    (b"Rar!", "archive"),
    (b"7z\xbc\xaf", "archive"),
    (b"\x1f\x8b", "archive"),
)


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
    reason = next((WHY_NOT[name] for magic, name in _MAGIC if data.startswith(magic)), "")
    if reason:
        return Kind.OTHER, reason
    if data.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        held = archive.names(data)
        if "xl/workbook.xml" in held:
            return Kind.XLSX, ""
        return (Kind.OTHER, WHY_NOT["office"]) if "[Content_Types].xml" in held else (Kind.ZIP, "")
    if leaf.mime == "message/rfc822" or leaf.extension == "eml":
        return Kind.MAIL, ""
    return Kind.TEXT, ""
