"""VK Ads of the made-up organiser, as `contracts` of the vendor describe it: mounted at /vk, paths /api/v2/...

Client id and secret are `sandbox-vk-client` and `sandbox-vk-secret`. Its own switches (POST /faults/vk), beside the
common ones; those marked * answer an open question of the vendor's documentation one way, off is the other:

    page_cap=N, over_cap="400"*   most objects a page holds (250), and whether asking for more is refused or clamped
    shrinking=N, exchanging=N     for N later pages the first object is gone; in the second case a new one is at the end
    no_count*, shifting, banner_sorting="400"|"ignored"*, hide_deleted=true*|"always", drop_fields=[...]
    links_by_id*, encoded_braces*, utm_question_mark*, group_utm={"<group>": {"enable_utm", "utm"}} (an edited group)
    nested_401*, bare_errors*, secret_status=400*, expires_as_text, rotate_refresh, token_cap=N, token_life=SECONDS
    token_uses=N (a token expires after N requests), wipe_after=N (all tokens are deleted once), refuse_tokens=CODE
    limits={"1": N, "60", "3600", "86400"}, throttle=N (the next N requests get 429), wait=SECONDS (Retry-After),
    zero_limits, forbidden, internal=STATUS with internal_times=N
    refused_ids=[...], missing_ids=[...], missing_days=[...], shuffled_items*, wrong_sums
    living_days* (no rows for days before an object was made or after it was deleted), odd_figures=[ids]
    money="absent"|"zero", no_goals, numbers_as_text*, zero_as_number*, currency=CODE (of the account, "RUB")
    odd_field={"<list>": field} (the first object's field holds something else), echo (a refusal repeats the request)

Belongs here: HTTP and the order in which VK checks things. Does not: lists, statistics, tokens, limits.
"""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from zakaz_dagster.dev.sandbox.state import State
from zakaz_dagster.dev.sandbox.vk import lists, statistics
from zakaz_dagster.dev.sandbox.vk.answers import Refusal, not_found, reply, statistics_error
from zakaz_dagster.dev.sandbox.vk.limits import Limits
from zakaz_dagster.dev.sandbox.vk.tokens import Tokens
from zakaz_dagster.dev.sandbox.world import World

VENDOR = "vk"
CONTACTS = "Иван Проверкин ivan.proverkin@example.ru +7 913 000-11-22"  # made up
METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]
Handler = Callable[[Request], object]


def routes(world: World, state: State) -> list[Route]:
    server = _Server(world, state)
    reads: dict[str, Handler] = {
        "/api/v2/{resource:resource}.json": server.page,
        "/api/v2/{resource:resource}/{id:int}.json": server.single,
        "/api/v2/statistics/{level}/day.json": server.daily,
        "/api/v2/statistics/{level}/summary.json": server.summed,
        "/api/v3/statistics/{level}/day.json": server.summed,
        "/api/v2/urls/{ids}.json": server.urls,
        "/api/v2/throttling.json": server.throttling,
        "/api/v3/user.json": server.user,
        "/api/v2/user.json": server.user,
    }
    made = [
        Route("/api/v2/oauth2/token.json", server.grant, methods=["POST"]),
        Route("/api/v2/oauth2/token/delete.json", server.delete_tokens, methods=["POST"]),
    ]
    for path, handler in reads.items():
        if ":resource" in path:
            made += [_route(server, path, handler, resource) for resource in lists.FIELDS]
        else:
            made.append(_route(server, path, handler))
    return made


def _route(server: _Server, path: str, handler: Handler, resource: str = "") -> Route:
    async def endpoint(request: Request) -> Response:
        request.state.resource = resource
        return server.read(request, handler) if request.method in {"GET", "HEAD"} else server.write(request)

    return Route(path.replace("{resource:resource}", resource), endpoint, methods=METHODS)


class _Server:
    def __init__(self, world: World, state: State) -> None:
        self.world, self.state = world, state
        self.faults = state.fault(VENDOR)

    @property
    def tokens(self) -> Tokens:
        store = self.state.store(VENDOR)
        made: Tokens = store.setdefault("tokens", Tokens(self.faults))
        return made

    @property
    def limits(self) -> Limits:
        store = self.state.store(VENDOR)
        made: Limits = store.setdefault("limits", Limits(self.faults))
        return made

    def read(self, request: Request, handler: Handler) -> Response:
        """A GET of data: the token is looked at first, then the limits, then the request itself."""
        try:
            self.tokens.check(request.headers.get("authorization", ""), self.state.now())
            headers = self.limits.spend()
            self._refuse_by_switch(f"{request.url.query} {request.headers.get('authorization')} {CONTACTS}")
            return reply(handler(request), headers=headers)
        except Refusal as refusal:
            return refusal.response

    def write(self, request: Request) -> Response:
        """Creating, changing and deleting: a reader must never try; it is recorded."""
        self.state.writes.append({"vendor": VENDOR, "method": request.method, "path": request.url.path})
        return reply({"error": {"code": "unsupported_http_method", "supported_methods": ["GET"]}}, 405)

    async def grant(self, request: Request) -> Response:
        return await self._oauth(request, lambda form: reply(self.tokens.grant(form, self.state.now())))

    async def delete_tokens(self, request: Request) -> Response:
        self.state.writes.append({"vendor": VENDOR, "method": "POST", "path": request.url.path})

        def delete(form: dict[str, str]) -> Response:
            self.tokens.delete_all(form)
            return Response(status_code=204)

        return await self._oauth(request, delete)

    def page(self, request: Request) -> object:
        now, store = self.state.now(), self.state.store(VENDOR)
        return lists.page(self.world.vk, request.state.resource, request.query_params, now, self.faults, store)

    def single(self, request: Request) -> object:
        resource, object_id = request.state.resource, int(request.path_params["id"])
        items = lists.objects(self.world.vk, resource, self.state.now(), self.faults)
        found = lists.single(items, resource, object_id, request.query_params.get("fields"))
        if found is None:
            raise not_found(resource)
        return found

    def daily(self, request: Request) -> object:
        return statistics.daily(self.world.vk, self._level(request), _query(request), self.state.now(), self.faults)

    def summed(self, request: Request) -> object:
        return statistics.summed(self.world.vk, self._level(request), _query(request), self.state.now(), self.faults)

    def urls(self, request: Request) -> object:
        ids = [int(text) for text in request.path_params["ids"].split(",")]
        found = {link["id"]: link for link in lists.links(self.world.vk, self.state.now())}
        if len(ids) > 1:
            return {"items": [found[link] for link in ids if link in found]}
        if ids[0] not in found:
            raise not_found("Url")
        return found[ids[0]]

    def throttling(self, request: Request) -> object:
        read = {"limits": self.limits.limits(), "remaining": self.limits.remaining()}
        return {name: {"v2": {"READ": read}} for name in ("STATISTICS", "ADPLAN", "ADGROUP", "BANNER")}

    def user(self, request: Request) -> object:
        currency = self.faults.get("currency", "RUB")
        return {"id": 777001, "username": "sandbox@vk_account", "status": "active", "currency": currency}

    def _level(self, request: Request) -> str:
        level = str(request.path_params["level"])
        if level not in statistics.WRONG:
            raise statistics_error("WRONG_RESOURCE", f"Wrong resource: {level}", status=404)
        return level

    def _refuse_by_switch(self, said: str) -> None:
        """`echo`; `forbidden`; `internal: STATUS` for `internal_times` requests since reset."""
        if self.faults.get("echo"):
            raise Refusal(400, {"error": {"code": "bad_request", "message": said, "request": said}})
        if self.faults.get("forbidden"):
            told = {"code": "access_denied", "message": "Access denied", "required_permission": "read_ads"}
            raise Refusal(403, {"error": told})
        store, status = self.state.store(VENDOR), self.faults.get("internal")
        if status is not None and store.get("internal", 0) < int(self.faults.get("internal_times", 1 << 30)):
            store["internal"] = store.get("internal", 0) + 1
            bare = bool(self.faults.get("bare_errors"))
            raise statistics_error("INTERNAL", "Internal error", status=int(status), prefix=not bare)

    async def _oauth(self, request: Request, act: Callable[[dict[str, str]], Response]) -> Response:
        raw = (await request.body()).decode()
        form = dict(parse_qsl(raw))
        if self.faults.get("echo") == "grant":
            return reply({"error": "invalid_client", "error_description": f"{raw} {CONTACTS} {form}"}, 401)
        try:
            return act(form)
        except Refusal as refusal:
            return refusal.response


def _query(request: Request) -> dict[str, str]:
    """The query with a repeated `id=` joined, as both forms are accepted."""
    query = dict(request.query_params)
    if ids := request.query_params.getlist("id"):
        query["id"] = ",".join(ids)
    return query
