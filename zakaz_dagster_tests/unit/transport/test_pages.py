"""A paged list is read whole, or read again, or it is a failure: an object that stays in it is never lost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zakaz_dagster.errors import BadData, Retriable
from zakaz_dagster.transport.pages import Page, read_pages


class Server:
    """A list behind offsets; `edits[n]` happen before the n-th request is answered."""

    def __init__(self, size, records, edits=(), *, counted=True):
        self.size, self.records, self.counted = size, list(records), counted
        self.edits = list(edits)
        self.throughout = set(records)
        self.requests = 0

    def fetch(self, offset):
        for edit in self.edits[self.requests : self.requests + 1]:
            edit(self.records)
        self.requests += 1
        self.throughout &= set(self.records)
        shown = self.records[offset : offset + self.size]
        following = offset + len(shown)
        more = shown and following < len(self.records) if self.counted else bool(shown)
        return Page(shown, following if more else None, len(self.records) if self.counted else None)

    def read(self, **options):
        return read_pages(self.fetch, lambda record: record, source="vendor", what="things", **options)


def nothing(_):
    pass


def without(record):
    return lambda records: records.remove(record)


def also(*edits):
    return lambda records: [edit(records) for edit in edits]


def plus(record):
    return lambda records: records.append(record)


@pytest.mark.parametrize("counted", [True, False])
@pytest.mark.parametrize("length", [0, 1, 2, 3, 4, 5, 9, 10])
def test_a_list_that_stands_still_is_read_once(counted, length):
    server = Server(3, range(100, 100 + length), counted=counted)
    assert server.read() == list(range(100, 100 + length))
    assert server.requests <= 2 + length // 2


@pytest.mark.parametrize("counted", [True, False])
@pytest.mark.parametrize(
    "edit",
    [
        without(0),
        without(2),  # the border itself
        also(without(1), plus(10)),  # as many as before, all moved on by one
        also(without(0), without(1), plus(10), plus(11)),
        lambda records: records.insert(0, 99),
    ],
)
def test_a_list_that_moved_is_read_again(edit, counted):
    server = Server(3, range(10), [nothing, edit], counted=counted)
    found = server.read()
    assert found == server.records
    assert server.throughout <= set(found)


def test_a_list_that_grows_at_its_end_is_read_on():
    server = Server(3, range(7), [nothing, nothing, plus(7)])
    assert server.read() == list(range(8))
    assert server.requests == 4


def test_a_list_that_never_stands_still_is_a_failure_that_names_it():
    edits = [edit for n in range(6) for edit in (nothing, without(3 * n))]
    with pytest.raises(Retriable, match=r"vendor: list things changed in each of 3 readings: 18 records .* then 17"):
        Server(3, range(20), edits).read()
    with pytest.raises(Retriable, match=r"the record at \d+ is \d+, it was \d+"):
        Server(3, range(20), edits, counted=False).read()


@pytest.mark.parametrize("counted", [True, False])
@given(
    st.integers(2, 4),
    st.integers(0, 14),
    st.lists(st.lists(st.tuples(st.sampled_from(["delete", "append", "prepend"]), st.integers(0, 20)), max_size=2)),
)
def test_what_stays_in_the_list_is_never_lost(counted, size, length, plan):
    fresh = iter(range(1000, 2000))

    def edit(steps):
        def act(records):
            for step, place in steps:
                if step == "delete" and records:
                    del records[place % len(records)]
                elif step != "delete":
                    records.insert(0 if step == "prepend" else len(records), next(fresh))

        return act

    server = Server(size, range(length), [edit(steps) for steps in plan], counted=counted)
    try:
        found = server.read()
    except (Retriable, BadData):
        return
    assert server.throughout <= set(found)
    assert len(set(found)) == len(found)


def test_paging_that_cannot_end_is_a_failure_at_once():
    with pytest.raises(BadData, match="growing offset"):
        read_pages(lambda _: Page([1], 0), lambda record: record, source="vendor", what="things")


def test_an_answer_that_is_the_first_page_again_is_noticed():
    with pytest.raises(Retriable, match="it was 2"):
        read_pages(lambda offset: Page([1, 2], offset + 2), lambda record: record, source="vendor", what="things")


class Short(Server):
    """Its paging ends after the first page in the first `times` readings, whatever its total says."""

    def __init__(self, times):
        super().__init__(3, range(5))
        self.times = times

    def fetch(self, offset):
        page = super().fetch(offset)
        if offset == 0 and self.times:
            self.times -= 1
            return Page(page.records, None, page.count)
        return page


def test_a_list_that_ends_before_its_total_is_read_again_and_never_taken_for_whole():
    assert Short(2).read() == list(range(5))
    with pytest.raises(Retriable, match="3 of 5 records came"):
        Short(99).read()
