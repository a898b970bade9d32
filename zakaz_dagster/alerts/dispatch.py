"""From the outbox to the channel: claim, compose, send, and only then count as told.

Belongs here: this order. Does not: bookkeeping (`outbox`), delivery (`send`), layout (`mail`).
"""

from __future__ import annotations

import logging
from datetime import datetime

from zakaz_dagster.alerts.batches import WINDOW, batches
from zakaz_dagster.alerts.mail import About, Mail, compose
from zakaz_dagster.alerts.outbox import Outbox
from zakaz_dagster.alerts.send import Channel, Undelivered

logger = logging.getLogger("zakaz_dagster.alerts")


def dispatch(outbox: Outbox, channel: Channel, about: About, now: datetime) -> list[Mail]:
    """Send what is due on this channel; the mails it accepted. Stops at the first it does not take."""
    sent: list[Mail] = []
    for batch in batches(outbox.due(now), outbox.mailed(now - WINDOW), now):
        if not outbox.claim(batch, now):
            break
        mail = compose(batch, about)
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
