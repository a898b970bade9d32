"""The port every vendor is read through: a source is asked for a range of days and answers day by day.

Belongs here: the shapes that pass between a vendor's folder and the layers above it, and the rules that hold for every
vendor. Does not: anything that knows a vendor, ClickHouse or Dagster, or that costs time to import (`tables`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Protocol, TypeVar

from zakaz_dagster.errors import Fatal, ShapeChanged
from zakaz_dagster.redaction import presentable

if TYPE_CHECKING:
    import pyarrow as pa

    from zakaz_dagster.transport.log import Stats

T = TypeVar("T")
ROUBLE = "RUB"  # all money of the warehouse is in roubles
ODD_SHARE = 0.5  # of the records of one answer
FEW = 10  # fewer odd records than this may be dirt whatever their share is


@dataclass(frozen=True)
class Reject:
    """A record that could not become a row: put aside with its reason, never dropped.

    `where` points into the vendor's answer ("order 1014202, basket 7361332"; "line 17"); `payload` is the record as
    text, without the fields that hold people. All three are scrubbed here, and of bounded length, whoever fills them.
    """

    reason: str
    where: str
    payload: str = ""

    def __post_init__(self) -> None:
        for name in ("reason", "where", "payload"):
            object.__setattr__(self, name, presentable(getattr(self, name)))


@dataclass(frozen=True)
class DayRead:
    """Everything a vendor says about one reporting day (Europe/Moscow).

    `tables` maps a destination table to that day's rows; every row belongs to `day`. The columns are those of the
    table without the service columns `_loaded_at`, `_ver`, `_run_id`, which the warehouse adds.
    `received` counts the vendor's records of the day, `accepted` those that became rows; received = accepted + rejects.
    A source answers whole days only: one that it cannot read whole it raises for, and the day keeps its earlier rows.
    `covered_until` (ISO instant) is the moment up to which the vendor was asked.
    `totals` are control sums by name (vendor's own where it gives them); they are stored beside the load and compared.
    `kept` names whose rows among them are those of an earlier load, as this one did not read them.
    """

    day: date
    tables: Mapping[str, pa.Table]
    received: int
    accepted: int
    rejects: Sequence[Reject] = ()
    covered_until: str = ""
    totals: Mapping[str, Decimal | int] = field(default_factory=dict)
    kept: Sequence[str] = ()


class DaySource(Protocol):
    """A vendor that answers ranges and is stored by days."""

    @property
    def stats(self) -> Stats:
        """What its requests have cost so far."""
        ...

    def read(self, first: date, last: date) -> Iterator[DayRead]:
        """Every day of first..last (Moscow days, both inclusive), in ascending order, exactly once each.

        A record that cannot become a row is one of the day's `rejects`. Raises a `zakaz_dagster.errors.Failure`:
        Retriable when the same call may succeed later, Fatal or BadData when not; days already yielded stay valid.
        """
        ...


@dataclass(frozen=True)
class SourceDescription:
    """One frozen description per source: assets, checks, schedules and freshness are built from it.

    `tables` maps each day table to the columns that make a row unique within it.
    `trailing_days` is what the daily run re-reads because the vendor corrects itself, `weekly_days` what the weekly
    one does. `reject_share_limit` is the share of a day's records that may be put aside before its check goes red.
    `partition` gives, for tables that several sources share, the other columns of the partition key and their values.
    `controls` names totals that the last table's column of the same name must add up to, or the day is not replaced.
    `includes_today` says whether the running day is read. Freshness limits are minutes since the last good load.
    `oldest_day` gives, on a day, the first one that the vendor still answers; None: no limit is known.
    """

    name: str
    label: str
    tables: Mapping[str, Sequence[str]]
    trailing_days: int
    weekly_days: int
    includes_today: bool
    cron: str
    warn_minutes: int
    fail_minutes: int
    reject_share_limit: float = 0.005
    drop_guard: float = 0.5
    partition: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    controls: Sequence[str] = ()
    oldest_day: Callable[[date], date] | None = None


@dataclass(frozen=True)
class Inspection:
    """What the loader makes of a saved payload (`zakaz inspect`); plain values, money as text with two decimals."""

    rows: Sequence[Mapping[str, object]]
    rejects: Sequence[Mapping[str, object]]
    totals: Mapping[str, object]


def decode(
    body: bytes,
    shape: type[T],
    *,
    source: str,
    what: str,
    next_step: Callable[[str], str] = lambda _: "compare the body with the vendor's contract",
    strict: bool = True,
) -> T:
    """JSON as `shape`; ShapeChanged names `what` was read and where it differs, also when it is no JSON at all.

    `next_step` is given the difference. Without `strict` numbers may be written as text. Broken characters cost
    themselves.
    """
    import msgspec

    from zakaz_dagster.parsing.json_text import UNDECODABLE, mended

    try:
        return msgspec.json.decode(body, type=shape, strict=strict)
    except UNDECODABLE:
        whole = mended(body)
    try:
        return msgspec.json.decode(whole, type=shape, strict=strict)
    except UNDECODABLE as error:
        kind = "" if isinstance(error, msgspec.ValidationError) else "the body is not JSON: "
        found = f"{kind}{error or type(error).__name__}"
    raise ShapeChanged(
        f"{what}: {found}",
        source=source,
        expected=f"{getattr(shape, '__name__', shape)} as documented",
        next_step=next_step(found),
    )


def refuse_changed_shape(
    source: str, what: str, *, odd: Sequence[Reject], received: int, share: float = ODD_SHARE
) -> None:
    """Dirt is a few records; when more than `share` of an answer cannot be read, the vendor's shape has changed."""
    if len(odd) >= FEW and len(odd) > share * received:
        raise ShapeChanged(
            f"{what}: {len(odd)} of {received} records cannot be read, the first ({odd[0].where}): {odd[0].reason}",
            source=source,
            expected="records of the known shape, but for a few",
            next_step="nothing was loaded; compare the answer with the vendor's change log",
        )


def days_back(count: int) -> Callable[[date], date]:
    """For a vendor that keeps `count` days: on a day, the first of the last `count`, which end with it."""

    def oldest(today: date) -> date:
        return today - timedelta(days=count - 1)

    return oldest


def check_range(source: str, first: date, last: date, *, oldest: date, today: date, older: str) -> None:
    """Refuse, unasked, days that the vendor cannot have. `older` says how long it keeps statistics and where else."""
    if last < first:
        raise Fatal(f"the range ends on {last}", source=source, day=first, expected="its first day, then its last")
    if first < oldest:
        raise Fatal(f"the oldest day the vendor still has is {oldest}", source=source, day=first, next_step=older)
    if last > today:
        raise Fatal(f"the day has not begun in Moscow, where it is {today}", source=source, day=last)
