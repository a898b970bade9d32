"""From our failures to Dagster's: only what may heal by itself is retried, and the next step stands on the run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from zakaz_dagster.errors import Failure, Retriable
from zakaz_dagster.redaction import scrubbed, vendor_words

PASSING = "passing"  # the metadata that tells whether a failure may go away by itself
# The HTTP client has already retried inside its own deadline; the step tries twice more, half a minute apart.
RETRY = dg.RetryPolicy(max_retries=2, delay=30, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.PLUS_MINUS)


@contextmanager
def explained() -> Iterator[None]:
    """Turn a Failure into a Dagster failure with its parts as metadata; a permanent one is never retried."""
    try:
        yield
    except dg.Failure:
        raise
    except Failure as failure:
        raise dg.Failure(
            description=str(failure),
            metadata={
                "kind": type(failure).__name__,
                "source": failure.source,
                "day": failure.day,
                "what": failure.what,
                "expected": failure.expected,
                "next step": failure.next_step,
                PASSING: isinstance(failure, Retriable),
            },
            allow_retries=isinstance(failure, Retriable),
        ) from scrubbed(failure)
    except Exception as error:  # noqa: BLE001  the seam: a defect of ours must run once, not three times
        raise dg.Failure(
            description=f"{type(error).__name__}: {vendor_words(str(error))}",
            metadata={"kind": type(error).__name__, "next step": "this is a defect of the platform: report the run"},
            allow_retries=False,
        ) from scrubbed(error)
