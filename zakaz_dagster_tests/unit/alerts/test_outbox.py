"""A notice belongs to the one sender that has claimed it, until it is sent or the claim has run out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from zakaz_dagster.alerts.incidents import Rules, plan
from zakaz_dagster.alerts.outbox import LEASE, Outbox
from zakaz_dagster.alerts.store import Store
from zakaz_dagster.verdicts import Status, Verdict

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@pytest.fixture
def senders(tmp_path):
    """Two processes' outboxes of one channel, in which two notices wait."""
    stores = [Store(tmp_path / "alerts.sqlite3") for _ in range(2)]
    red = [Verdict(f"fact_{number}__agrees", "data", Status.ERROR, "red") for number in range(2)]
    with stores[0].round(["mail"]) as opened:
        opened.keep(plan(opened.incidents, red, NOW, Rules()), NOW)
    yield [Outbox(store, "mail") for store in stores]
    for store in stores:
        store.close()


def test_of_two_senders_one_gets_the_notice(senders):
    ours, theirs = senders
    notices = ours.due(NOW)
    assert theirs.due(NOW) == notices
    assert ours.claim(notices, NOW)
    assert not theirs.claim(notices, NOW)
    assert not theirs.claim(notices[1:], NOW + SECOND), "nor a part of what is claimed"


def test_a_digest_is_claimed_whole_or_not_at_all(senders):
    ours, theirs = senders
    first, second = ours.due(NOW)
    assert ours.claim([first], NOW)
    assert not theirs.claim([first, second], NOW)
    assert ours.claim([second], NOW), "the refused claim has taken nothing"


def test_the_claim_of_a_dead_sender_runs_out_and_what_was_sent_is_never_claimed_again(senders):
    ours, theirs = senders
    notices = ours.due(NOW)
    assert ours.claim(notices, NOW)
    assert not theirs.claim(notices, NOW + LEASE - SECOND)
    assert theirs.claim(notices, NOW + LEASE)
    theirs.accepted(notices, "id", NOW + LEASE)
    assert not ours.claim(notices, NOW + 10 * LEASE)
