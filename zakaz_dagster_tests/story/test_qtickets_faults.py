"""What a vendor, a proxy or a line can do to QTickets' answers: a named failure, or the right numbers."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from zakaz_dagster.errors import Failure, Fatal
from zakaz_dagster.sources.qtickets.answers import Page
from zakaz_dagster.sources.qtickets.records import Paging
from zakaz_dagster_tests.story.qtickets_account import Account

NOON = datetime(2026, 11, 22, 9, tzinfo=UTC)
FIRST, LAST = date(2026, 11, 15), date(2026, 11, 21)


@pytest.fixture
def account(warehouse, sandbox):
    return Account(warehouse, sandbox, NOON)


FAULTS = {
    "off": {"off": True},
    "429 for ever": {"http": 429},
    "500 for ever": {"http": 500},
    "wrong verb or body": {"http": 503},
    "a proxy's page": {"html": True},
    "slow beyond the timeout": {"slow": 3, "only": "orders"},
    "truncated body": {"truncated": True, "only": "orders"},
    "dropped connection": {"dropped": True, "only": "orders"},
    "filter ignored": {"filter_ignored": True},
    "only the filter ignored": {"filter_ignored": "where", "only": "orders"},
    "short page": {"page_short": 2, "only": "orders"},
    "total too large": {"total_wrong": 7, "only": "orders"},
    "total too small": {"total_wrong": -3, "only": "orders"},
    "rows arrive between pages": {"drift": 3, "only": "orders"},
    "rows vanish between pages": {"drift": -3, "only": "orders"},
    "the same page again": {"runaway": "repeat", "only": "orders"},
    "a total that grows": {"runaway": "grow", "only": "orders"},
    "an expired token": {"expired_token": True},
}


@pytest.fixture(scope="module")
def loaded(shelf, sandbox_server):
    """An account with the week in its tables, and what they say; no fault may change them."""
    sandbox_server.reset()
    with shelf.lend() as warehouse:
        account = Account(warehouse, sandbox_server, NOON, page_size=40)
        account.load(FIRST, LAST)
        account.patience = 1.0
        yield account, account.snapshot()


@pytest.mark.parametrize("switches", FAULTS.values(), ids=FAULTS.keys())
def test_every_fault_is_a_named_failure_that_leaves_the_tables_as_they_were(loaded, sandbox, switches):
    account, before = loaded
    sandbox.fault("qtickets", **switches)
    with pytest.raises(Failure) as caught:
        account.load(FIRST, LAST)
    assert str(caught.value).startswith("qtickets")
    assert caught.value.next_step or caught.value.expected
    assert account.snapshot() == before


@pytest.mark.parametrize(
    "switches",
    [{"missing_key": "baskets.price"}, {"changed_type": "event_id"}],
    ids=["a missing key", "a changed type"],
)
def test_one_order_that_cannot_be_read_is_put_aside_and_the_rest_is_loaded(account, switches):
    account.sandbox.fault("qtickets", only="orders", **switches)
    report = account.load(FIRST, LAST)
    assert report.rejected == report.requests  # one of each page
    assert all(reason.startswith("another shape: ") for reason in report.reasons)
    held = {key: cell[1] for key, cell in account.held(FIRST, LAST).items()}
    told = {key: cell[1] for key, cell in account.told(FIRST, LAST).items()}
    differing = {key for key, sold in told.items() if held.get(key, 0) != sold}
    assert 0 < len(differing) <= report.rejected < len(told)


PASSING = {
    "429 once, with Retry-After": {"http": 429, "retry_after": 1, "times": 1},
    "500 twice": {"http": 500, "times": 2},
    "dropped once": {"dropped": True, "times": 1},
    "truncated once": {"truncated": True, "times": 1},
    "order ignored": {"order_ignored": True},
    "names by language": {"name_dict": True},
}


@pytest.mark.parametrize("switches", PASSING.values(), ids=PASSING.keys())
def test_what_heals_or_does_not_matter_gives_the_right_numbers(account, switches):
    account.page_size = 40
    account.sandbox.fault("qtickets", **switches)
    account.load(FIRST, LAST)
    sold = {key: cell[0] for key, cell in account.held(FIRST, LAST).items() if cell[0]}
    told = {key: cell[0] for key, cell in account.told(FIRST, LAST).items() if cell[0]}
    assert sold == told


def test_a_refused_token_is_not_asked_twice(account):
    account.token = "wrong-token"
    source = account.source()
    with pytest.raises(Fatal, match="QTICKETS_TOKEN"):
        list(source.read(FIRST, LAST))
    assert source.stats.requests == 1


def test_a_day_that_lost_most_of_its_rows_is_refused_until_it_is_said_in_words(account):
    account.load(FIRST, LAST)
    before = account.snapshot()
    fewer = Account(account.warehouse, account.sandbox, NOON)
    original = fewer.source

    def source_without_orders():
        source = original()
        honest = Page([], Paging(per_page=200, current_page=1, total=0))
        source.api.orders_page = lambda where, order, page, day: honest
        return source

    fewer.source = source_without_orders
    with pytest.raises(Failure, match="allow_shrinking|shrink"):
        fewer.load(FIRST, LAST)
    assert account.snapshot() == before
    fewer.load(FIRST, LAST, guard=None)
    assert account.held(FIRST, LAST) == {}
