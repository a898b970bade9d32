"""What several contracts need of the running engine."""

import pytest

from zakaz_dagster_tests.contract.raw_http import send
from zakaz_dagster_tests.plugins.clickhouse import Endpoint


@pytest.fixture
def table(clickhouse: Endpoint, request: pytest.FixtureRequest) -> str:
    """A table of its own for the test, of a number and a text."""
    name = f"http_{abs(hash(request.node.nodeid))}"
    reply = send(
        clickhouse, f"CREATE OR REPLACE TABLE {name} (a Int64, s String DEFAULT 'd') ENGINE = MergeTree ORDER BY a"
    )
    assert reply.status == 200, reply.text
    return name
