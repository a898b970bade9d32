"""Telling: verdicts in, mails out, with the memory between rounds. The watcher never falls over its own tools.

Belongs here: the order of a round and what happens when its memory cannot be written. Does not: any of the steps.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from zakaz_dagster.alerts.incidents import Incident, Kind, Notice, Plan, Rules, plan, unsaid
from zakaz_dagster.alerts.mail import About, Mail, bare, compose, moment
from zakaz_dagster.alerts.outbox import DAY, Backlog, Limits, Outbox, batches
from zakaz_dagster.alerts.send import Channel, Undelivered
from zakaz_dagster.alerts.store import BROKEN, Store, spare_store, take_back
from zakaz_dagster.errors import ConfigFault
from zakaz_dagster.redaction import presentable
from zakaz_dagster.verdicts import Status, Verdict

NAME = "platform__alert_delivery"
STORE = "platform__alert_store"
LIMIT_MINUTES = 20.0  # a server that is restarted is no news
MINUTE = 60.0
logger = logging.getLogger("zakaz_dagster.alerts")


@dataclass(frozen=True)
class RoundResult:
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

    def notify(
        self, verdicts: Iterable[Verdict], now: datetime, existing: Collection[str] | None = None
    ) -> RoundResult:
        """One round: plan from these verdicts (aware `now`), keep the plan, and send what is due.

        An open incident whose name is not among `existing` is closed: nothing checks it any more.
        """
        found = list(verdicts)
        names = None if existing is None else {*existing, NAME, STORE}
        try:
            with closing(Store(self.path)) as store:
                take_back(store, self.path)
                return self._round(store, [*found, store_whole(self.path)], now, names)
        except BROKEN as error:
            with closing(spare_store(self.path)) as store:
                return self._round(store, [*found, store_broken(self.path, error)], now, names)

    def inform(self, verdict: Verdict, now: datetime) -> RoundResult:
        """Tell once of something that was bad and is over; it opens no incident."""
        over = Incident(verdict, opened=verdict.since or now, healthy_since=now, told=now, messages=1)
        notice = Notice(Kind.RESOLVED, over, now, verdict.detail)
        try:
            with closing(Store(self.path)) as store:
                return self._told_once(store, notice, now)
        except BROKEN:
            with closing(spare_store(self.path)) as store:
                return self._told_once(store, notice, now)

    def incidents(self) -> dict[str, Incident]:
        """The open incidents, for `since` in reports; none when the memory is not there or cannot be read."""
        try:
            return self.open_incidents()
        except ConfigFault:
            return {}

    def open_incidents(self) -> dict[str, Incident]:
        """The open incidents; raises ConfigFault when no round is remembered where it is looked for."""
        why = f"there is no memory of alerts at {self.path}"
        if self.path.is_file():
            try:
                with closing(Store(self.path)) as store:
                    if store.has_rounds():
                        return {name: each for name, each in store.incidents().items() if not each.resolved}
            except BROKEN as error:
                why = f"the memory of alerts at {self.path} cannot be read ({error})"
        step = "set ZAKAZ_DATA_DIR to the folder of the running platform (`zakaz dev`: `. .zakaz/dev/env`)"
        raise ConfigFault(why, source="alerts", next_step=step)

    def watching_since(self, now: datetime) -> datetime | None:
        """When the watch began, or began again after a pause of the platform; None when that cannot be remembered."""
        try:
            with closing(Store(self.path)) as store:
                return store.watching_since(now)
        except BROKEN:
            return None

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
    ) -> RoundResult:
        store.hand_over([channel.name for channel in self.channels])
        sent = self._dispatched(store, now)  # first, so that a channel that is back is judged by that
        delivered = self._delivery(store, now)
        with store.round([channel.name for channel in self.channels]) as round_:
            planned = plan(round_.incidents, [*verdicts, delivered], now, self.rules, existing)
            round_.keep(planned if self.channels else unsaid(planned, round_.incidents), now)
        return RoundResult(planned.notices, sent + self._dispatched(store, now))

    def _told_once(self, store: Store, notice: Notice, now: datetime) -> RoundResult:
        with store.round([channel.name for channel in self.channels]) as round_:
            round_.keep(Plan(round_.incidents, (notice,)), now)
        return RoundResult((notice,), self._dispatched(store, now))

    def _dispatched(self, store: Store, now: datetime) -> list[Mail]:
        sent: list[Mail] = []
        for channel in self.channels:
            sent += dispatch(Outbox(store, channel.name), channel, self.about, now, self.limits)
        return sent

    def _delivery(self, store: Store, now: datetime) -> Verdict:
        return delivery([Outbox(store, channel.name).backlog(now) for channel in self.channels], now)


def dispatch(outbox: Outbox, channel: Channel, about: About, now: datetime, limits: Limits) -> list[Mail]:
    """Send what is due on this channel; the mails it accepted. Stops at the first it does not take."""
    sent: list[Mail] = []
    for batch in batches(outbox.due(now), outbox.mailed(now - DAY), now, limits):
        if not outbox.claim(batch, now):
            break
        mail = _composed(batch, about)
        try:
            note = channel.send(mail)
        except Exception as error:  # noqa: BLE001  a channel is foreign code: what it raises waits, and is told
            why = str(error) if isinstance(error, Undelivered) else presentable(f"{type(error).__name__}: {error}")
            outbox.refused(batch, why, now)
            logger.warning("%s did not take %s: %s", channel.name, mail.id, why)
            break
        outbox.accepted(batch, mail.id, now, note)
        logger.info("%s took %s: %s", channel.name, mail.id, mail.subject)
        sent.append(mail)
    return sent


def _composed(batch: Sequence[Notice], about: About) -> Mail:
    try:
        return compose(batch, about)
    except Exception:  # a plain mail is worth more than none, whatever the layout or a view's lineage stumbles over
        logger.exception("a mail of %d notices could not be laid out; it goes as plain text", len(batch))
        return bare(batch)


def delivery(backlogs: Sequence[Backlog], now: datetime) -> Verdict:
    """Red when a channel has refused what waits for twenty minutes; a warning when nobody can be told."""
    if not backlogs:
        action = "set ALERT_SMTP_HOST and ALERT_EMAIL_TO, or ALERT_APPRISE_URLS, then run `zakaz alerts test`"
        return Verdict(NAME, "processes", Status.WARNING, "no channel is configured: no alert is delivered", action)
    worst = max(backlogs, key=lambda backlog: _minutes(backlog, now))
    minutes = _minutes(worst, now)
    if minutes >= LIMIT_MINUTES:
        detail = (
            f"{worst.channel} has not taken {worst.waiting} notices for {minutes:.0f} min: {worst.error or 'no answer'}"
        )
        status, action = Status.ERROR, "run `zakaz alerts test` and correct what it names"
    elif noted := next((backlog for backlog in backlogs if backlog.note), None):
        status, detail, action = Status.WARNING, f"{noted.channel}: {noted.note}", "correct ALERT_EMAIL_TO"
    else:
        parts = [f"{each.channel} ({each.waiting} wait for the next digest)" if each.waiting else each.channel
                 for each in backlogs]  # fmt: skip
        status, detail, action = Status.OK, f"{', '.join(parts)}: mails are taken", ""
    since = worst.refusing_since if status is Status.ERROR else None
    return Verdict(NAME, "processes", status, detail, action, round(minutes, 1), LIMIT_MINUTES, since)


def store_whole(path: Path) -> Verdict:
    return Verdict(STORE, "processes", Status.OK, f"{path} can be written")


def store_broken(path: Path, error: Exception) -> Verdict:
    """The memory of alerts cannot be written."""
    detail = f"{path} cannot be written ({error}); alerts are kept in memory until it can"
    return Verdict(STORE, "processes", Status.ERROR, detail, "free the disk, or correct the rights of ZAKAZ_DATA_DIR")


def _minutes(backlog: Backlog, now: datetime) -> float:
    if backlog.refusing_since is None or not backlog.waiting:
        return 0.0
    return max((now - backlog.refusing_since).total_seconds() / MINUTE, 0.0)
