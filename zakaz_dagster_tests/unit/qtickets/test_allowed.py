"""The organiser's token can sell, restore and delete; the client can only read."""

from __future__ import annotations

import pytest

from zakaz_dagster.errors import Failure, Fatal
from zakaz_dagster.sources.qtickets.api import ApiConfig, QTicketsApi

CONFIG = ApiConfig("http://127.0.0.1:9", "a-secret", deadline=0.1)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/orders"),
        ("PUT", "/orders/7"),
        ("DELETE", "/events/7"),
        ("POST", "/shows/1/seats"),
        ("GET", "/orders/1/restore"),
        ("GET", "/orders/7/../8/restore"),
        ("GET", "/shows/1/barcode/2"),
        ("GET", "/clients"),
        ("GET", "/orders\n/restore"),
    ],
)
def test_everything_else_is_refused_before_it_is_sent(method, path):
    with pytest.raises(Fatal, match="not on the list of allowed requests"):
        QTicketsApi(CONFIG).http.request(method, path)


@pytest.mark.parametrize("path", ["/orders", "/orders/7", "/events", "/shows/1/seats", "/shows/1/barcodes"])
def test_what_the_loads_read_is_sent(path):
    with pytest.raises(Failure, match="Connection refused"):
        QTicketsApi(CONFIG).http.request("GET", path)
