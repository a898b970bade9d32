"""`make slow` runs 100,000 damaged inputs; the suite runs 2,000: accepted and put aside, or a failure with a name."""

from __future__ import annotations

import os
import time
import tracemalloc
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import msgspec
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from zakaz_dagster.errors import BadData, Failure, ShapeChanged
from zakaz_dagster.sources.base import Inspection
from zakaz_dagster_tests.fuzz import bodies, mutations
from zakaz_dagster_tests.fuzz.readers import READERS, received

KINDS = sorted(bodies.seeds())
QUICK, SLOW = 2_000 // len(KINDS) + 1, 100_000 // len(KINDS) + 1
PORTION = 1_000  # examples of one draw: hypothesis remembers all of them
SECONDS = 2.0  # of CPU; no input here is bigger than a megabyte
READ_OFTENER = 4  # times more damage to what is read when whole than to what is refused anyway
THREADED = {"direct-report"}  # Arrow's own threads read it, and tracing memory beside them can end the process
MEASURED = 25  # of so many inputs one is measured
SPARE = 2_000_000  # bytes that caches and imports may take the first time
QUIET = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much, HealthCheck.large_base_example]


def damaged(kind: str) -> st.SearchStrategy[bytes]:
    """Any whole input of the kind, damaged in one of the ways that fit it; of those that are read, more often."""
    return st.one_of(
        *(way for made in bodies.seeds()[kind] for way in _ways(made) * (READ_OFTENER if _rows(kind, made.raw) else 1)),
        *(
            mutations.tables(rows, written)
            for rows, forms in [bodies.TABLES.get(kind, ([], {}))]
            for written in forms.values()
        ),
    )


def _ways(made: bodies.Seed) -> list[st.SearchStrategy[bytes]]:
    if isinstance(made.tree, dict | list):
        return [mutations.json_bodies(made.raw)]
    if made.raw.startswith(b"PK"):
        return [mutations.packages(made.raw), mutations.broken_bytes(made.raw)]
    if made.reader == "gmail-message":
        return [mutations.mails(made.raw), mutations.broken_bytes(made.raw)]
    return [mutations.broken_bytes(made.raw)]


def judged(kind: str, raw: bytes) -> None:
    """The reader's promise: all that came is accepted or put aside with its reason, or the failure says what to do."""
    started = time.process_time()
    found = outcome(kind, raw)
    assert time.process_time() - started < SECONDS
    if isinstance(found, Failure):
        assert found.source, f"a failure names its source: {found}"
        assert found.next_step, f"and what to do: {found}"
        assert found.expected or not isinstance(found, BadData | ShapeChanged), f"and what was expected: {found}"
        str(found).encode()
        return
    for text in texts([*found.rows, *found.rejects, found.totals]):
        text.encode()
    assert all(reject["reason"] for reject in found.rejects), "whatever is put aside says why"
    count = received(kind, raw)
    if count is None:
        return
    if "received" in found.totals:  # a record makes many rows, or none
        assert found.totals["received"] == count
    else:
        assert len(found.rows) <= count <= len(found.rows) + len(found.rejects)


def outcome(kind: str, raw: bytes) -> Inspection | Failure:
    try:
        return READERS[kind](raw)
    except Failure as failure:
        return failure


def texts(record: object) -> Iterator[str]:
    """Every text within, each of which has to be valid Unicode."""
    if isinstance(record, str):
        yield record
    elif isinstance(record, Mapping):
        yield from texts([*record.keys(), *record.values()])
    elif isinstance(record, list | tuple):
        for each in record:
            yield from texts(each)
    elif isinstance(record, msgspec.Struct):
        yield from texts([getattr(record, name) for name in record.__struct_fields__])
    elif is_dataclass(record):
        yield from texts([getattr(record, each.name) for each in fields(record)])
    else:
        yield str(record)


def peak(act: Callable[[], object]) -> int:
    """Bytes that Python and Arrow held at most."""
    pool = pa.default_memory_pool()
    before = pool.bytes_allocated()
    tracemalloc.start()
    try:
        act()
        return tracemalloc.get_traced_memory()[1] + max(0, pool.bytes_allocated() - before)
    finally:
        tracemalloc.stop()


def allowed(kind: str) -> Callable[[bytes], int]:
    """Twice what the whole inputs of the kind take, for an input of the same size."""
    clean = {len(made.raw): peak(lambda made=made: judged(kind, made.raw)) for made in bodies.seeds()[kind]}  # type: ignore[misc]
    most, dearest = max(clean.values()), max(used / max(size, 1) for size, used in clean.items())
    return lambda raw: SPARE + 2 * max(most, int(dearest * len(raw)))


def tried(kind: str, count: int, number: int = 0) -> None:
    limit, seen = None if kind in THREADED else allowed(kind), 0

    @seed(number)
    @settings(
        max_examples=count,
        deadline=None,
        suppress_health_check=QUIET,
        database=None,
        phases=[Phase.generate, Phase.shrink],
    )
    @given(damaged(kind))
    def check(raw: bytes) -> None:
        nonlocal seen
        seen += 1
        if limit is None or seen % MEASURED:
            judged(kind, raw)
        else:
            used = peak(lambda: judged(kind, raw))
            assert used <= limit(raw), f"{used} bytes for an input of {len(raw)}"

    check()


@pytest.mark.parametrize("kind", KINDS)
def test_a_damaged_input_is_read_or_refused_by_name(kind: str) -> None:
    tried(kind, QUICK)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_a_hundred_thousand_damaged_inputs(kind: str) -> None:
    """Other ones with FUZZ_SEED=<a number>."""
    for number in range(-(-SLOW // PORTION)):
        tried(kind, min(PORTION, SLOW - number * PORTION), 1 + number + 1_000 * int(os.environ.get("FUZZ_SEED", "0")))


@pytest.mark.parametrize("kind", KINDS)
def test_the_undamaged_inputs_are_read(kind: str) -> None:
    """Damage to something that was refused anyway would prove nothing; of the recorded ones some were shortened."""
    assert any(_rows(kind, made.raw) for made in bodies.seeds()[kind]), "not one of them gives a row"


def _rows(kind: str, raw: bytes) -> Any:
    found = outcome(kind, raw)
    return () if isinstance(found, Failure) else found.rows


def test_every_recorded_file_goes_through_a_reader() -> None:
    files = bodies.recorded_files()
    if not files:
        pytest.skip(f"no recorded bodies at {bodies.RECORDED}; set ZAKAZ_RECORDED_BODIES")
    assert [path.name for path in files if bodies.reader_of(path) is None] == []


def test_every_kind_of_inspect_and_every_decoder_is_damaged() -> None:
    assert set(READERS) == set(KINDS)
