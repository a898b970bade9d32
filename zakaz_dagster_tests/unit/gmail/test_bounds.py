"""Parts that are too large, too deep or too many are refused before they cost anything, archives with their reason."""

from __future__ import annotations

import io
import time
import zipfile

import pytest

from zakaz_dagster.sources.gmail import eml
from zakaz_dagster.sources.gmail.mail import Leaf, Mail
from zakaz_dagster.sources.gmail.parts import Outcome
from zakaz_dagster.sources.gmail.report import read_mail
from zakaz_dagster.tables.limits import Refused
from zakaz_dagster_tests.unit.gmail.mailing import (
    HEADER,
    figures,
    mail,
    read_eml,
    read_file,
    reading,
    reasons,
    refused,
    workbook,
    zipped,
)
from zakaz_dagster_tests.unit.gmail.test_bad_input import GOOD, ONE
from zakaz_dagster_tests.unit.gmail.test_earlier_defects import csv


def test_oversized_parts_are_refused_before_and_after_they_are_fetched():
    assert "the limit is 1000" in refused(csv(GOOD) + " " * 1000, part_bytes=1000)
    leaf = Leaf("1", "text/csv", "big.csv", size=10**9, attachment_id="a")
    read = read_mail(Mail("m", None, is_forward=False, leaves=[leaf]), reading())
    assert read.parts[0].outcome is Outcome.REFUSED


def test_a_zip_that_unpacks_too_large_is_refused():
    assert "unpacks to more than" in refused(zipped({"a.csv": b"0" * 3_000_000}), part_bytes=1_000_000)


def test_a_zip_that_lies_about_its_size_is_refused():
    data = bytearray(zipped({"a.csv": b"0" * 3_000_000}))
    for mark, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        at = data.index(mark) + offset
        data[at : at + 4] = (100).to_bytes(4, "little")
    assert "unpack" in refused(bytes(data), part_bytes=1_000_000)


def test_a_zip_with_a_password_says_so():
    data = bytearray(zipped({"a.csv": csv(GOOD).encode()}))
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(mark) + offset] |= 1
    assert refused(bytes(data)) == "the archive is protected by a password"


def test_a_zip_of_reports_is_read_member_by_member():
    files = {"Отчёт.csv": csv(GOOD).encode("cp1251"), "inner.zip": zipped({"x": b"1"}), "logo.png": b"\x89PNG1234"}
    read = read_file(zipped(files), "reports.zip")
    assert figures(read) == [ONE]
    assert reasons(read) == ["an archive within an archive is not opened", "an image is not read"]
    assert [part.leaf.path for part in read.parts] == ["0/0", "0/1", "0/2"]


def test_entity_bombs_in_workbooks_are_refused():
    book = workbook(HEADER.split(";"))
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(book)) as old, zipfile.ZipFile(out, "w") as new:
        for item in old.namelist():
            body = old.read(item)
            if item == "xl/workbook.xml":
                bomb = b'<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>'
                body = bomb + body
            new.writestr(item, body)
    assert "document type" in refused(out.getvalue())


def test_a_broken_workbook_is_refused_with_its_kind_of_break():
    assert "cannot be read" in refused(zipped({"xl/workbook.xml": b"<broken"}))


def test_a_workbook_with_a_far_away_row_is_refused():
    book = workbook(HEADER.split(";"), ["20.11.2026", "Шоу", "Томск", 1, 5, 0])
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(book)) as old, zipfile.ZipFile(out, "w") as new:
        for item in old.namelist():
            new.writestr(item, old.read(item).replace(b'<row r="2"', b'<row r="999999"'))
    started = time.monotonic()
    assert "rows in a sheet" in refused(out.getvalue())
    assert time.monotonic() - started < 10


def test_deeply_nested_or_endless_parts_are_refused():
    deep = b"".join(
        b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (level, level) for level in range(300)
    )
    with pytest.raises(Refused):
        read_eml(deep + b"Content-Type: text/plain\r\n\r\nx")
    wide = mail()
    wide.set_content("x")
    for _ in range(250):
        wide.add_attachment("x", filename="x.txt")
    with pytest.raises(Refused, match="more than 200 parts"):
        read_eml(wide)


def test_a_mail_is_bounded_before_it_is_parsed(monkeypatch):
    boundary = b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n'
    folded = b'Content-Type: multipart/mixed; boundary*0="b"; boundary*1=""\r\n\r\n'
    parts = b"--b\r\nContent-Type: text/plain\r\n\r\nx\r\n" * 100_000
    with monkeypatch.context() as unparsed:
        unparsed.setattr(eml, "message_from_bytes", lambda *_, **__: pytest.fail("parsed"))
        for head in (boundary, folded):
            with pytest.raises(Refused, match="more than 200 parts"):
                read_eml(head + parts)
        with pytest.raises(Refused, match="bytes; the limit is"):
            read_eml(b"\r\n" * 25_000_000)


@pytest.mark.parametrize(
    "header",
    [
        b"Subject: " + b"=?utf-8?B?0J/RgNC4?= " * 20_000,
        b"Content-Type: text/plain; " + b"a=b; " * 20_000,
        b"Content-Disposition: attachment; " + b" ".join(b"filename*%d=b;" % n for n in range(20_000)),
    ],
)
def test_an_endless_header_costs_no_time(header):
    started = time.monotonic()
    read_eml(header + b"\r\n\r\nx")
    assert time.monotonic() - started < 5


def test_mails_within_mails_within_mails_are_bounded():
    inner = mail()
    inner.set_content("x")
    for _ in range(6):
        outer = mail()
        outer.set_content("y")
        outer.add_attachment(inner.as_bytes(), maintype="application", subtype="octet-stream", filename="m.eml")
        inner = outer
    read = read_eml(inner)
    assert "mails nested too deep" in [part.reason for part in read.parts]
