"""Every fault switch of the sandbox's Direct has one of two outcomes: right data, or a named failure and nothing changed."""

from __future__ import annotations

import pytest

from zakaz_dagster.errors import BadData, Failure, Fatal, Retriable, ShapeChanged
from zakaz_dagster.ingest.days import Load, load_days
from zakaz_dagster.sources.yandex_direct.description import DESCRIPTION
from zakaz_dagster.sources.yandex_direct.errors import ReportTooLarge
from zakaz_dagster.sources.yandex_direct.rows import TABLE
from zakaz_dagster.sources.yandex_direct.tsv import Truncated
from zakaz_dagster_tests.contract.direct.conftest import FIRST, LAST
from zakaz_dagster_tests.contract.direct.test_source import check_against_truth

# Switches after which the figures are right all the same.
WEATHERED = {
    "hung up": {"off": True, "times": 2},
    "rate of the gateway": {"http": 429, "retry_after": 0, "times": 2},
    "internal error": {"http": 500, "times": 2},
    "bad gateway": {"http": 502, "times": 2, "only": "reports"},
    "unavailable": {"http": 503, "times": 3},
    "a page instead of a table": {"html": True, "times": 1, "only": "reports"},
    "a page instead of ads": {"html": True, "times": 1, "only": "ads"},
    "slow": {"slow": 0.3, "times": 2},
    "a table cut in half": {"truncated": True, "times": 1, "after": 2, "only": "reports"},
    "objects cut in half": {"truncated": True, "times": 1, "only": "ads"},
    "a table dropped in the middle": {"dropped": True, "times": 1, "after": 2, "only": "reports"},
    "objects dropped in the middle": {"dropped": True, "times": 1, "only": "adgroups"},
    "authorization server away": {"error": 52, "times": 2},
    "request limit": {"error": 56, "times": 2},
    "connections": {"error": 506, "times": 2},
    "service away": {"error": 1000, "times": 2},
    "internal vendor error": {"error": 1001, "times": 1},
    "database of the vendor": {"error": 1002, "times": 1},
    "points that come back at a minute of the account's own": {"points": 20, "points_back": 0.3},
    "queue full for a while": {"error": 9000, "times": 2, "only": "reports"},
    "temporary error in XML": {"xml_error": 1000, "times": 1, "only": "reports"},
    "name taken by somebody else": {"error": 4000, "times": 1, "only": "reports"},
    "a long queue": {"polls": 5, "rate": 500},
    "told to wait": {"retry_in": 1, "polls": 1},
    "everything at once": {"online_days": 400},
    "others in the queue": {"queued": 3},
    "names that cannot be built": {"broken_names": 1, "rate": 500},
    "periods that take too long": {"too_large_days": 7, "rate": 500},
    "small pages": {"page": 3},
    "ads that shrink while they are read": {"page": 3, "shrinking": 1},
    "ads that shrink twice": {"page": 7, "shrinking": 2},
    "ids as text": {"retyped_id": True},
    "a type of ads nobody knows": {"unknown_type": True},
    "titles of another shape": {"odd_titles": True, "unknown_type": True},
    "half a character in a name": {"broken_byte": True},
    "compressed": {"gzip": True},
    "a quoted title": {"title": "quoted"},
    "a plain title": {"title": "plain"},
    "a row of dashes": {"dashes": True},
    "repeated keys": {"halves": True},
    "out of order": {"unsorted": True},
}

# Switches that end in a failure of this kind, saying this.
REFUSED = {
    "gone": ({"off": True}, Retriable, r"did not succeed in \d+ s"),
    "down": ({"http": 503}, Retriable, "HTTP 503"),
    "told to wait for too long": ({"http": 429, "retry_after": 7200}, Retriable, "asked to wait 7200 s"),
    "a wall of HTML": ({"html": True}, Retriable, "Технические работы"),
    "forbidden by a gateway": ({"http": 403}, Fatal, "access refused"),
    "always cut": ({"truncated": True, "only": "reports"}, Truncated, r"Total rows.*request id \d+"),
    "always dropped": ({"dropped": True, "only": "ads"}, Retriable, "RemoteProtocolError|ReadError"),
    "token refused": ({"error": 53}, Fatal, r"Direct error 53.*DIRECT_TOKEN"),
    "token refused in XML": ({"xml_error": 53, "only": "reports"}, Fatal, r"Direct error 53.*DIRECT_TOKEN"),
    "token refused as an internal error": (
        {"error": 1002, "words": "Invalid OAuth token"},
        Fatal,
        r"Direct error 1002.*DIRECT_TOKEN",
    ),
    "token refused in Russian": ({"error": 1000, "words": "Токен недействителен"}, Fatal, "DIRECT_TOKEN"),
    "blocked account": ({"error": 3000}, Fatal, "Direct error 3000.*blocked"),
    "no login in roubles": (
        {"currency": {"zakaz-afisha": "KZT", "zakaz-gastroli": "BYN"}},
        BadData,
        "campaigns of zakaz-gastroli are billed in BYN",
    ),
    "currency not named": ({"currency": {"zakaz-afisha": "", "zakaz-gastroli": ""}}, BadData, "a currency not named"),
    "nothing listed that names a currency": (
        {"only_wizard": True},
        BadData,
        "spent money, and no campaign that Direct",
    ),
    "no login readable": ({"no_access": {"zakaz-afisha": 54, "zakaz-gastroli": 3000}}, Fatal, "Direct error 3000"),
    "no rights": ({"error": 54}, Fatal, "DIRECT_LOGINS"),
    "no API access": ({"error": 58}, Fatal, "request for API access"),
    "login unknown": ({"error": 513}, Fatal, "DIRECT_LOGINS"),
    "access denied": ({"error": 3001}, Fatal, "Direct error 3001"),
    "unknown field": ({"error": 8000}, Fatal, r"Direct error 8000.*request id \d+"),
    "too many objects": ({"error": 9300, "only": "ads"}, Fatal, "fewer objects"),
    "a code nobody documented": ({"error": 1020}, Fatal, "Direct error 1020"),
    "names taken without end": ({"error": 4000, "only": "reports"}, Fatal, "Direct error 4000"),
    "limits without end": ({"error": 56}, Retriable, "DIRECT_DEADLINE_SECONDS"),
    "a queue that never drains": ({"queued": 5}, Retriable, "Direct error 9000"),
    "a report that never comes": ({"polls": 10_000, "rate": 10_000}, Retriable, "being built"),
    "points used up": ({"points": "0"}, Retriable, r"Direct error 152.*asked to wait \d+ s"),
    "builds that always fail": ({"broken_names": 1_000, "rate": 500}, Retriable, "HTTP 500"),
    "a day that is too large": ({"http": 502, "only": "reports"}, ReportTooLarge, "HTTP 502"),
    "pages in a circle": ({"repeat_pages": True}, Retriable, "changed in each of 3 readings"),
    "ads that shrink without end": ({"page": 3, "shrinking": 1000}, Retriable, "changed in each of 3 readings"),
    "no list in the answer": ({"missing_key": True}, ShapeChanged, r"result\.Campaigns is missing"),
    "no total line": ({"no_total": True}, Truncated, r"ends without its line.*request id \d+"),
    "a wrong total": ({"wrong_total": True}, Truncated, r"rows came \(request id \d+\)"),
    "rows left out": ({"cut_rows": 2}, Truncated, r"rows came \(request id \d+\)"),
    "micros instead of decimals": ({"money": "micros"}, BadData, "looks like micros"),
    "another column": ({"renamed_column": True}, ShapeChanged, "Spend"),
}
IN_MICROS = {"decimals instead of micros": ({"money": "decimal"}, BadData, "column Cost")}


@pytest.mark.parametrize("switches", WEATHERED.values(), ids=WEATHERED)
def test_right_data_all_the_same(sandbox, direct, switches):
    sandbox.fault("direct", **switches)
    reads = list(direct(deadline=60, timeout=20).read(FIRST, LAST))
    sandbox.fault("direct", **dict.fromkeys(switches))
    check_against_truth(sandbox, reads)


@pytest.mark.slow
def test_a_refusal_by_the_clock_is_waited_out(sandbox, direct):
    """Twenty requests in ten seconds are the vendor's own limit: more get error 56 until the window moves on."""
    sandbox.fault("direct", polls=24)
    source = direct(deadline=30, limit_wait=1.0)
    reads = list(source.read(FIRST, LAST))
    check_against_truth(sandbox, reads)
    assert source.api.stats.seconds_waited > 5


def test_a_named_failure_and_the_table_unchanged(sandbox, direct, warehouse):
    """One engine for all of them: days are loaded once, then every fault tries to spoil them."""
    load_days(direct(), DESCRIPTION, warehouse, FIRST, LAST, Load(run_id="good"))
    before = _fingerprint(warehouse)
    assert before[0]["rows"] > 500
    for name, (switches, kind, words) in {**REFUSED, **IN_MICROS}.items():
        sandbox.reset()
        sandbox.fault("direct", **switches)
        source = direct(deadline=1.0 if kind is Retriable else 60, timeout=20, micros=name in IN_MICROS)
        with pytest.raises(kind, match=words) as caught:
            load_days(source, DESCRIPTION, warehouse, FIRST, LAST, Load(run_id=name))
        assert isinstance(caught.value, Failure), name
        assert caught.value.source == "yandex_direct", name
        assert "sandbox-token" not in str(caught.value), name
        assert _fingerprint(warehouse) == before, name


def test_a_wrong_token_is_one_failure_after_one_request(direct):
    source = direct(token="another")  # noqa: S106
    with pytest.raises(Fatal, match=r"Direct error 53.*DIRECT_TOKEN"):
        list(source.read(FIRST, LAST))
    assert source.stats.requests == 1


def test_a_wrong_login_is_named(direct):
    with pytest.raises(Fatal, match=r"yandex_direct nobody: Direct error 8800"):
        list(direct(logins=["nobody"]).read(FIRST, LAST))


def test_forgotten_ads_keep_their_money(sandbox, direct):
    ads = [ad["ad_id"] for ad in sandbox.truth(LAST)["direct"]["ads"] if ad["ad_id"]]
    sandbox.fault("direct", forgotten=ads)
    reads = list(direct().read(FIRST, LAST))
    check_against_truth(sandbox, reads)
    rows = [row for row in reads[-1].tables[TABLE].to_pylist() if row["ad_id"] in ads]
    assert rows
    assert {row["landing_url"] for row in rows} == {""}


def test_nothing_is_ever_written_to_the_vendor(sandbox, direct):
    source = direct()
    list(source.read(FIRST, LAST))
    source.dimensions()
    assert sandbox.writes() == []
    with pytest.raises(Fatal, match="not on the list of allowed requests"):
        source.api._call("zakaz-afisha", "bids", "set", {})


def _fingerprint(warehouse):
    return warehouse.rows(
        "SELECT count() AS rows, sum(cost_rub) AS cost, sum(cityHash64(*)) AS content FROM fact_direct_daily"
    )
