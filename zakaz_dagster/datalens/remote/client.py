"""The official DataLens client: opened, its errors named, and one that only renders what would be sent.

Belongs here: the seam to `datalens-sdk` (the extra `bi`). Does not: what is sent (`build`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NoReturn

from zakaz_dagster.errors import ConfigFault, Fatal, Retriable

try:
    import datalens_sdk as sdk
except ImportError:  # an optional extra: only `zakaz datalens` needs it
    sdk = None  # type: ignore[assignment]

BUSY = (408, 429, 500, 502, 503, 504)


@contextmanager
def opened(base_url: str, org_id: str, token: str) -> Iterator[Any]:
    """A client of the cloud's public API; every error leaves as one of our failures."""
    if sdk is None:
        raise ConfigFault(
            "datalens-sdk is not installed", source="datalens", next_step="pip install 'zakaz-dagster[bi]'"
        )
    auth = sdk.StaticYCIAMAuthProvider(org_id=org_id, token=token)
    with explained(), sdk.DataLensClientYC(auth=auth, base_url=base_url) as client:
        yield client


@contextmanager
def explained() -> Iterator[None]:
    """DataLens' errors by what to do about them. The token is in a header and in none of their texts."""
    try:
        yield
    except sdk.DataLensAPIError as error:
        about = error.context
        what = f"{about.status_code} {about.code or ''} {about.message} (request {about.request_id})"
        if about.status_code in BUSY:
            raise Retriable(
                what, source="datalens", next_step="run it again; what was done is in the state file"
            ) from None
        raise Fatal(what, source="datalens", next_step=_cure(about.status_code)) from None
    except sdk.DataLensTransportError as error:
        raise Retriable(f"no answer: {error.reason}", source="datalens", next_step="run it again") from None
    except sdk.DataLensError as error:
        raise Fatal(str(error), source="datalens", next_step="compare the view with dashboard.yaml") from None


def _cure(status: int) -> str:
    cures = {
        401: "renew DATALENS_IAM_TOKEN (it lives 12 hours)",
        403: "give the account the right to edit the workbook",
        404: "check DATALENS_WORKBOOK_ID",
        409: "an object of that name exists: run `zakaz datalens apply --adopt`, or rename it in DataLens",
    }
    return cures.get(status, "read the message; nothing after it was done")


class _Rendered(Exception):
    def __init__(self, body: Mapping[str, Any]) -> None:
        self.body = body
        super().__init__()


class _Recorder:
    """Stands where the network would: stops the request and hands back what it would have carried."""

    def post_json(self, path: str, body: Mapping[str, object], **options: object) -> NoReturn:
        raise _Rendered(body)

    post_json_object = post_json


def rendered(make: Callable[[Any], Any]) -> dict[str, Any]:
    """The body of the request that `make(client).build()` would send."""
    try:
        make(sdk.DataLensClientYC(http_client=_Recorder())).build()
    except _Rendered as stopped:
        return dict(stopped.body)
    raise Fatal("the builder sent nothing", source="datalens")
