"""From the outbox to the channel: claim, compose, send, and only then count as told.

Belongs here: this order. Does not: bookkeeping (`outbox`), delivery (`send`), layout (`mail`).
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime

from zakaz_dagster.alerts.batches import DAY, Limits, batches
from zakaz_dagster.alerts.incidents import Notice
from zakaz_dagster.alerts.mail import About, Mail, bare, compose
from zakaz_dagster.alerts.outbox import Outbox
from zakaz_dagster.alerts.send import Channel, Undelivered

logger = logging.getLogger("zakaz_dagster.alerts")


def dispatch(outbox: Outbox, channel: Channel, about: About, now: datetime, limits: Limits) -> list[Mail]:
    """Send what is due on this channel; the mails it accepted. Stops at the first it does not take."""
    sent: list[Mail] = []
    for batch in batches(outbox.due(now), outbox.mailed(now - DAY), now, limits):
        if not outbox.claim(batch, now):
            break
        mail = _composed(batch, about)
        try:
            note = channel.send(mail)
        except Undelivered as error:
            outbox.refused(batch, str(error), now)
            logger.warning("%s did not take %s: %s", channel.name, mail.id, error)
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
