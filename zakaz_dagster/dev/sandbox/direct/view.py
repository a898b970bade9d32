"""What one request looks at: a login of the world, as of a moment, through the faults that are on.

Belongs here: that bundle. Does not: protocol.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from zakaz_dagster.dev.sandbox.faults import Faults
from zakaz_dagster.dev.sandbox.world.direct import Campaign, DirectAds, Row


@dataclass(frozen=True, slots=True)
class View:
    direct: DirectAds
    login: str
    now: int
    faults: Faults
    store: dict[str, Any]

    def on(self, switch: str, default: Any = None) -> Any:
        return self.faults.get(switch, default)

    def campaigns(self) -> list[Campaign]:
        return self.direct.campaigns(self.now, self.login)

    def rows(self, day: date) -> Iterator[Row]:
        return self.direct.rows(day, self.now, self.login)
