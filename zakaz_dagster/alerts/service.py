"""Telling: verdicts in, mails out, with the memory between rounds. The watcher never falls over its own tools.

Belongs here: the order of a round and what happens when its memory cannot be written. Does not: any of the steps.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from zakaz_dagster.alerts.batches import Limits
from zakaz_dagster.alerts.delivery import NAME, STORE, delivery, store_broken, store_whole
from zakaz_dagster.alerts.dispatch import dispatch
from zakaz_dagster.alerts.incidents import Incident, Notice, Rules, plan
from zakaz_dagster.alerts.mail import About, Mail
from zakaz_dagster.alerts.outbox import Outbox
from zakaz_dagster.alerts.send import Channel, Undelivered
from zakaz_dagster.alerts.spare import BROKEN, spare_store, take_back
from zakaz_dagster.alerts.store import Store
from zakaz_dagster.alerts.times import moment
from zakaz_dagster.verdicts import Verdict


@dataclass(frozen=True)
class Told:
    """What a round decided to tell, and the mails that channels have taken."""

    notices: Sequence[Notice] = ()
    mails: Sequence[Mail] = ()


@dataclass(frozen=True)
class Alerts:
    """Where incidents are kept and through which channels they are told."""

    path: Path
    channels: Sequence[Channel] = ()
    rules: Rules = field(default_factory=Rules)
    limits: Limits = field(default_factory=Limits)
    about: About = field(default_factory=About)

    def tell(self, verdicts: Iterable[Verdict], now: datetime, existing: Collection[str] | None = None) -> Told:
        """One round: plan from what is known, keep it, and send what is due."""
        found = list(verdicts)
        names = None if existing is None else {*existing, NAME, STORE}
        try:
            with closing(Store(self.path)) as store:
                take_back(store, self.path)
                return self._round(store, [*found, store_whole(self.path)], now, names)
        except BROKEN as error:
            with closing(spare_store(self.path)) as store:
                return self._round(store, [*found, store_broken(self.path, error)], now, names)

    def incidents(self) -> dict[str, Incident]:
        """The open incidents, for `since` in reports; none when the memory cannot be read."""
        try:
            with closing(Store(self.path)) as store:
                return {name: each for name, each in store.incidents().items() if not each.resolved}
        except BROKEN:
            return {}

    def verdicts(self, now: datetime) -> list[Verdict]:
        """Whether people are reached, and whether that is remembered."""
        try:
            with closing(Store(self.path)) as store:
                return [self._delivery(store, now), store_whole(self.path)]
        except BROKEN as error:
            return [store_broken(self.path, error)]

    def forget(self, before: datetime) -> int:
        """Forget what was sent before then; how many notices."""
        try:
            with closing(Store(self.path)) as store:
                return store.prune(before)
        except BROKEN:
            return 0

    def test(self, now: datetime) -> dict[str, str]:
        """Send a test mail through every channel: its name to what went wrong ('' when nothing did)."""
        text = f"Проверка связи {moment(now)}. Если вы это читаете, оповещения доходят."
        mail = Mail(f"test.{now:%Y%m%dT%H%M%S}", "Zakaz: проверка связи", text, f"<p>{text}</p>", ())
        results = {}
        for channel in self.channels:
            try:
                results[channel.name] = channel.send(mail)
            except Undelivered as error:
                results[channel.name] = str(error)
        return results

    def _round(
        self, store: Store, verdicts: Sequence[Verdict], now: datetime, existing: Collection[str] | None
    ) -> Told:
        sent = self._dispatched(store, now)  # first, so that a channel that is back is judged by that
        delivered = self._delivery(store, now)
        with store.round([channel.name for channel in self.channels]) as round_:
            planned = plan(round_.incidents, [*verdicts, delivered], now, self.rules, existing)
            round_.keep(planned)
        return Told(planned.notices, sent + self._dispatched(store, now))

    def _dispatched(self, store: Store, now: datetime) -> list[Mail]:
        sent: list[Mail] = []
        for channel in self.channels:
            sent += dispatch(Outbox(store, channel.name), channel, self.about, now, self.limits)
        return sent

    def _delivery(self, store: Store, now: datetime) -> Verdict:
        return delivery([Outbox(store, channel.name).backlog(now) for channel in self.channels], now)
