"""multipart/form-data: long queries and parameters as fields, external tables as files.

Belongs here: taking a form apart. Does not: what its fields mean (`request`), creating the tables (`execution`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from email.message import Message

from zakaz_dagster.dev.clickhouse.errors import BAD_ARGUMENTS, INCORRECT_DATA, ClickHouseError

_FACETS = ("format", "structure", "types")


@dataclass(frozen=True, slots=True)
class Table:
    """A table that lives for one query; its rows came with the request."""

    name: str
    structure: str
    format: str
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Form:
    fields: Mapping[str, str]
    files: Mapping[str, bytes]


def boundary(content_type: str) -> bytes | None:
    """The boundary of a form, None when the body is not one."""
    header = Message()
    header["Content-Type"] = content_type
    if header.get_content_type() != "multipart/form-data":
        return None
    found = header.get_param("boundary")
    if not isinstance(found, str) or not found:
        raise ClickHouseError.refuse(BAD_ARGUMENTS, "multipart/form-data without a boundary")
    return found.encode()


def parse(body: bytes, limit: bytes) -> Form:
    """Fields and files of a form that is there to its last byte."""
    _, *parts = (b"\r\n" + body).split(b"\r\n--" + limit)
    if not parts or not parts[-1].startswith(b"--"):
        raise ClickHouseError.refuse(INCORRECT_DATA, "The form ends before its last boundary; nothing was executed")
    fields: dict[str, str] = {}
    files: dict[str, bytes] = {}
    for part in parts[:-1]:
        head, separator, content = part.partition(b"\r\n\r\n")
        name, is_file = _name(head) if separator else ("", False)
        if not name:
            raise ClickHouseError.refuse(INCORRECT_DATA, "A part of the form has no name")
        if is_file:
            files[name] = content
        else:
            fields[name] = _text(name, content)
    return Form(fields, files)


def _name(head: bytes) -> tuple[str, bool]:
    for line in head.decode("utf-8", "replace").split("\r\n"):
        if line.lower().startswith("content-disposition:"):
            header = Message()
            header["Content-Disposition"] = line.partition(":")[2].strip()
            name = header.get_param("name", header="Content-Disposition")
            return str(name or ""), header.get_param("filename", header="Content-Disposition") is not None
    return "", False


def _text(name: str, content: bytes) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ClickHouseError.refuse(BAD_ARGUMENTS, f"The form's field `{name}` is not UTF-8") from error


def tables(given: Mapping[str, str], files: Mapping[str, bytes]) -> tuple[Table, ...]:
    """External tables as `NAME_structure`, `NAME_types` and `NAME_format` describe them."""
    return tuple(_table(name, given, data) for name, data in files.items())


def _table(name: str, given: Mapping[str, str], data: bytes) -> Table:
    structure, types = given.get(f"{name}_structure", ""), given.get(f"{name}_types", "")
    if types and not structure:
        structure = ", ".join(f"_{number} {kind}" for number, kind in enumerate(_split(types), start=1))
    if not structure:
        raise ClickHouseError.refuse(BAD_ARGUMENTS, f"External table `{name}` needs {name}_structure or {name}_types")
    return Table(name, structure, given.get(f"{name}_format", "TabSeparated"), data)


def _split(types: str) -> list[str]:
    """Split at commas outside of brackets: `String,Decimal(18,2)` is two types."""
    found, depth = [""], 0
    for character in types:
        depth += (character == "(") - (character == ")")
        if character == "," and depth == 0:
            found.append("")
        else:
            found[-1] += character
    return [kind.strip() for kind in found]


def facets(files: Mapping[str, bytes]) -> set[str]:
    """Parameter names that describe files and are no settings."""
    return {f"{name}_{facet}" for name in files for facet in _FACETS}
