"""VAT on advertising: VK gives `spent` without it, and the rate of a day depends on the day.

Belongs here: rates by day and the one rounding rule: each row's spend with VAT is rounded to the kopeck, half away
from zero; sums are sums of rounded rows, so every view agrees with every other. Does not: which rows there are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import pyarrow as pa
import pyarrow.compute as pc

MONEY = pa.decimal128(18, 2)


@dataclass(frozen=True)
class Vat:
    """The present rate, and earlier ones as (first day of the next rate, rate before it), ascending."""

    pct: Decimal
    earlier: Sequence[tuple[date, Decimal]] = ()

    def rate(self, day: date) -> Decimal:
        """Per cent on a day."""
        return next((rate for until, rate in self.earlier if day < until), self.pct)

    def added(self, spent: pa.ChunkedArray, days: pa.ChunkedArray) -> pa.ChunkedArray:
        """`spent` with the VAT of each day."""
        different = pc.unique(days)
        factors = pa.array([1 + self.rate(day) / 100 for day in different.to_pylist()], pa.decimal128(9, 6))
        factor = factors.take(pc.index_in(days, different).combine_chunks())
        exact = pc.multiply(spent.combine_chunks(), factor)
        return pa.chunked_array([pc.round(exact, 2, "half_towards_infinity").cast(MONEY)])
