"""Versions of ClickHouse: what is supported, what is refused by name, what is weaker."""

from __future__ import annotations

import pytest

from zakaz_dagster.errors import ConfigFault
from zakaz_dagster.verdicts import Status
from zakaz_dagster.warehouse import schema, server
from zakaz_dagster.warehouse.client import Warehouse, WarehouseConfig


@pytest.mark.parametrize(
    ("text", "supported", "weaker"),
    [
        ("25.5.10.95", False, True),
        ("25.8", True, True),
        ("25.8.2.1", True, True),
        ("25.8.16.10001.altinitystable", True, True),
        ("26.3.9.1", True, True),
        ("26.6.1.961", True, True),
        ("26.6.1.962", True, False),
        ("26.10.1.1", True, False),
        ("9.1", False, True),
        ("none", False, True),
    ],
)
def test_a_version_is_compared_by_its_numbers(text: str, supported: bool, weaker: bool) -> None:
    found = server.ServerVersion(text)
    verdict = server.verdict(found)
    assert (found.supported, bool(found.weaker)) == (supported, weaker)
    assert verdict.status is (Status.OK if supported else Status.ERROR)
    assert text in verdict.detail
    assert ("may bring replaced rows back" in verdict.detail) is (supported and weaker)


def test_an_older_server_is_refused_before_anything_is_created(monkeypatch: pytest.MonkeyPatch) -> None:
    wh = Warehouse.connect(WarehouseConfig(host="ch.example"))
    monkeypatch.setattr(Warehouse, "scalar", lambda *_, **__: "25.7.8.71")
    with pytest.raises(
        ConfigFault, match=r"25\.7\.8\.71 at ch\.example:8123 is not supported.*25\.8 or newer.*upgrade"
    ):
        schema.apply(wh)
