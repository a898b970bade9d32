"""Gmail of the made-up organiser: mounted at /gmail, so the API endpoint is <url>/gmail and paths are /gmail/v1/...

Its own switches (POST /faults/gmail), beside the common ones:

    token_uses=N (401 after N uses of an access token), revoked (invalid_grant), consent_denied
    rate=N | throttle=N | backend=N | daily=N   the next N API requests get 403 | 429 | 503 | 403 for the day
    gone=[ids] (listed, then 404), expired_pages=N, page_cap=N, inline_up_to=BYTES, history_gone
    wrong_totals=[ids], visible=[ids], unproved=[ids] (DKIM and SPF fail), empty
    put=[{"id", "at": epoch seconds, "eml": base64}]

Belongs here: HTTP and the order in which Gmail checks things. Does not: the mailbox, tokens, mails.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from zakaz_dagster.dev.sandbox.gmail.answers import Refusal, insufficient_scope, limited, reply, unauthorized
from zakaz_dagster.dev.sandbox.gmail.mailbox import DEFAULT_PAGE, Kept, Mailbox
from zakaz_dagster.dev.sandbox.gmail.tokens import Denied, Tokens
from zakaz_dagster.dev.sandbox.state import State
from zakaz_dagster.dev.sandbox.world import World

VENDOR = "gmail"
READ_SCOPES = ("gmail.readonly", "gmail.modify", "mail.google.com")
WRITE_SCOPES = ("gmail.modify", "mail.google.com")


@dataclass(frozen=True, slots=True)
class Call:
    """A request as the mailbox needs it."""

    path: Mapping[str, str]
    query: QueryParams
    body: Mapping[str, Any]


Act = Callable[[Mailbox, Call], object]
USER = "/gmail/v1/users/{user}"


def routes(world: World, state: State) -> list[Route]:
    server = _Server(world, state)
    return [
        Route("/auth", server.consent),
        Route("/token", server.token, methods=["POST"]),
        server.route("/messages", read=_listing),
        server.route("/messages/batchModify", write=_batch_modify),
        server.route("/messages/{id}/modify", write=_modify),
        server.route("/messages/{id}/attachments/{attachment}", read=_attachment),
        server.route("/messages/{id}", read=_message),
        server.route("/labels", read=lambda box, _: box.labels(), write=_create_label),
        server.route("/history", read=_history),
        server.route("/profile", read=lambda box, _: box.profile()),
    ]


class _Server:
    def __init__(self, world: World, state: State) -> None:
        self.world, self.state = world, state
        self.faults = state.fault(VENDOR)

    @property
    def tokens(self) -> Tokens:
        made: Tokens = self.state.store(VENDOR).setdefault("tokens", Tokens(self.faults))
        return made

    @property
    def mailbox(self) -> Mailbox:
        kept: Kept = self.state.store(VENDOR).setdefault("kept", Kept())
        return Mailbox(self.world, self.faults, kept, self.state.now())

    def route(self, path: str, *, read: Act | None = None, write: Act | None = None) -> Route:
        async def endpoint(request: Request) -> Response:
            try:
                return reply(request, await self._answer(request, read, write))
            except Refusal as refusal:
                return reply(request, refusal.body, refusal.status)

        return Route(USER + path, endpoint, methods=["GET", "POST"])

    async def _answer(self, request: Request, read: Act | None, write: Act | None) -> object:
        """The token first, then limits, then the request. A long query comes as a form that overrides the method."""
        scope = self.tokens.scope_of(request.headers.get("authorization", ""))
        if not scope:
            raise unauthorized()
        self._refuse_by_switch()
        body = await request.body()
        overridden = request.headers.get("x-http-method-override", "").upper() == "GET"
        if request.method == "GET" or overridden:
            if read is None:
                raise Refusal(404, "notFound", "Not Found")
            if not any(each in scope for each in READ_SCOPES):
                raise insufficient_scope()
            query = QueryParams(body.decode()) if overridden else request.query_params
            return read(self.mailbox, Call(request.path_params, query, {}))
        if write is None:
            raise Refusal(404, "notFound", "Not Found")
        if not any(each in scope for each in WRITE_SCOPES):
            raise insufficient_scope()
        return write(self.mailbox, Call(request.path_params, request.query_params, json.loads(body or b"{}")))

    def _refuse_by_switch(self) -> None:
        for kind in ("rate", "throttle", "backend", "daily"):
            left = int(self.faults.get(kind, 0))
            if left:
                self.faults.switches[kind] = left - 1
                raise limited(kind)

    async def consent(self, request: Request) -> Response:
        try:
            return RedirectResponse(self.tokens.consent(request.query_params), 302)
        except Denied as denied:
            return reply(request, denied.body, denied.status)

    async def token(self, request: Request) -> Response:
        form = dict(parse_qsl((await request.body()).decode()))
        try:
            return reply(request, self.tokens.grant(form, request.headers.get("authorization", "")))
        except Denied as denied:
            return reply(request, denied.body, denied.status)


def _listing(box: Mailbox, call: Call) -> object:
    size = int(call.query.get("maxResults", DEFAULT_PAGE))
    return box.listing(call.query.get("q", ""), call.query.getlist("labelIds"), size, call.query.get("pageToken", ""))


def _message(box: Mailbox, call: Call) -> object:
    return box.message(call.path["id"], call.query.get("format", "full"), call.query.getlist("metadataHeaders"))


def _attachment(box: Mailbox, call: Call) -> object:
    return box.attachment(call.path["id"], call.path["attachment"])


def _history(box: Mailbox, call: Call) -> object:
    size = int(call.query.get("maxResults", DEFAULT_PAGE))
    return box.history(call.query.get("startHistoryId", ""), size, call.query.get("pageToken", ""))


def _modify(box: Mailbox, call: Call) -> object:
    box.modify([call.path["id"]], call.body.get("addLabelIds", []), call.body.get("removeLabelIds", []))
    return box.message(call.path["id"], "minimal", [])


def _batch_modify(box: Mailbox, call: Call) -> object:
    box.modify(call.body.get("ids", []), call.body.get("addLabelIds", []), call.body.get("removeLabelIds", []))
    return {}


def _create_label(box: Mailbox, call: Call) -> object:
    return box.create_label(str(call.body["name"]))
