"""Front: HTTP to calls and back. What a request passes is one list, top to bottom of `handle`.

A GET of one object, the request that there are most of, is answered without a task: everything it needs is
in memory.
"""

from __future__ import annotations

import asyncio
import gzip
import logging
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from itertools import chain

import msgspec

from wherry.apiserver import render
from wherry.apiserver.api import Api
from wherry.apiserver.authn import Authenticator
from wherry.apiserver.authn.impersonation import impersonated
from wherry.apiserver.authz import Attributes
from wherry.apiserver.call import ANONYMOUS, Call, Outcome, User
from wherry.apiserver.hub import Event
from wherry.apiserver.media import Form, negotiate
from wherry.apiserver.read import Listing
from wherry.apiserver.target import Target, target_of
from wherry.apiserver.watch import Watch
from wherry.machinery.errors import (
    Forbidden,
    InternalError,
    MethodNotAllowed,
    NotFound,
    StatusError,
    Unauthorized,
)
from wherry.wire.message import HeaderPairs, Request, Response, text
from wherry.wire.server import Answer
from wherry.wire.stream import Stream

log = logging.getLogger(__name__)

Page = Callable[[Request, User], Answer | Awaitable[Answer]]
Connect = Callable[[Request, Call, Target], Awaitable[Answer]]
encode = msgspec.json.Encoder().encode

GZIP_FROM = 128 * 1024  # bytes of body from which compressing pays
BUFFER_LIMIT = 16 << 20  # bytes a watcher may lie behind before it is cut off
OPEN_PATHS = frozenset(("/healthz", "/livez", "/readyz", "/version"))
CONNECT = frozenset(("log", "exec", "attach", "portforward", "proxy"))
COMMON: HeaderPairs = (("Cache-Control", "no-cache, private"),)
# Whether the verb's path names one object; the others' methods mean another verb without a name.
ON_ONE = {"create": False, "update": True, "patch": True}
COMPRESSED: HeaderPairs = (("Content-Encoding", "gzip"), ("Vary", "Accept-Encoding"))
# What is said to everybody who still uses these of the core group.
DEPRECATED = {
    "endpoints": "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice",
    "componentstatuses": "v1 ComponentStatus is deprecated in v1.19+",
}
BROWSERS = ("curl", "Wget", "Mozilla/5.0")


class Front:
    """The handler that the HTTP server calls.

    `pages` are the paths that are no resources (discovery, health); `connect` answers the subresources
    that lead to a node.
    """

    def __init__(
        self,
        api: Api,
        authenticators: Sequence[Authenticator],
        pages: Callable[[str], Page | None],
        connect: Connect,
    ) -> None:
        self.api = api
        self.authenticators = tuple(authenticators)
        self.pages = pages
        self.connect = connect

    def handle(self, request: Request) -> Answer | Awaitable[Answer]:
        try:
            query = request.query_string
            watch = bool(query) and "watch=" in query and request.query.get("watch") in ("true", "1")
            target = target_of(request.method, request.path, watch)
            user = self.acting_as(request, self.authenticate(request))
            self.authorize(user, target)
            if not target.plural:
                return self.page(request, target, user)
            if target.resource is None:
                return self.unknown(target)
            return self.call(request, target, user)
        except StatusError as error:
            return failure(error, request)

    def authenticate(self, request: Request) -> User:
        for authenticator in self.authenticators:
            user = authenticator.authenticate(request)
            if user is not None:
                return user
        return ANONYMOUS

    def acting_as(self, request: Request, user: User) -> User:
        """Whom the request is to be taken for, if `user` may act as them."""
        found = impersonated(request.headers)
        if found is None:
            return user
        wanted, needed = found
        for attributes in needed:
            decision = self.api.authorizer.decide(user, attributes)
            if not decision.allowed:
                raise forbidden(user, attributes, "v1", decision.reason)
        return wanted

    def authorize(self, user: User, target: Target) -> None:
        attributes = target.attributes
        if user is ANONYMOUS:
            if target.path in OPEN_PATHS or target.path.startswith(("/livez/", "/readyz/", "/healthz/")):
                return
            raise Unauthorized("Unauthorized")
        decision = self.api.authorizer.decide(user, attributes)
        if not decision.allowed:
            raise forbidden(user, attributes, target.version, decision.reason)

    def page(self, request: Request, target: Target, user: User) -> Answer | Awaitable[Answer]:
        page = self.pages(target.path)
        if page is None:
            return text(404, "404 page not found\n", COMMON)
        return page(request, user)

    def unknown(self, target: Target) -> Answer:
        raise NotFound(
            "the server could not find the requested resource",
            details={
                "name": target.name,
                "group": target.group,
                "kind": target.plural,
            },
        )

    def call(self, request: Request, target: Target, user: User) -> Answer | Awaitable[Answer]:
        resource = target.resource
        assert resource is not None
        if target.verb in ON_ONE and not target.subresource and ON_ONE[target.verb] is not bool(target.name):
            raise MethodNotAllowed("the server does not allow this method on the requested resource")
        params = (
            {name: values[0] for name, values in request.query.values.items()} if request.query_string else {}
        )
        call = Call(
            target.verb,
            resource,
            target.namespace,
            target.name,
            target.subresource,
            params,
            request.body,
            request.headers.get("content-type") or "application/json",
            user,
            request.headers.get("user-agent"),
        )
        if resource.plural in DEPRECATED and not resource.group:
            call.warnings.append(DEPRECATED[resource.plural])
        if target.subresource in CONNECT:
            return self._guarded(request, self.connect(request, call, target))
        form = form_of(request, watch=target.verb == "watch")
        if target.verb == "get" and not target.subresource and not resource.stored[1]:
            entry = self.api.reader.get(call)
            body = render.entry(entry, form, self.api.clock, params.get("includeObject", ""))
            return respond(request, 200, body, form, warnings_of(call))
        if target.verb == "watch":
            return self._guarded(request, self._watch(call, form))
        return self._guarded(request, self._perform(request, call, form))

    async def _guarded(self, request: Request, answer: Awaitable[Answer]) -> Answer:
        try:
            return await answer
        except StatusError as error:
            return failure(error, request)
        except Exception as error:
            # Answering is better than dropping the connection; the log has the whole story.
            log.exception("request failed", extra={"method": request.method, "path": request.path})
            return failure(InternalError(f"Internal error occurred: {error}"), request)

    async def _perform(self, request: Request, call: Call, form: Form) -> Answer:
        outcome = await self.api.perform(call)
        include = call.params.get("includeObject", "")
        clock = self.api.clock
        warnings = warnings_of(call)
        if isinstance(outcome, Listing):
            pieces = render.pieces(outcome, form, clock, include)
            return respond_by_pieces(request, pieces, form, warnings)
        return respond(request, outcome.code, self._body(outcome, form, include), form, warnings)

    def _body(self, outcome: Outcome, form: Form, include: str) -> bytes:
        if outcome.entry is not None:
            return render.entry(outcome.entry, form, self.api.clock, include)
        assert outcome.tree is not None
        return render.encoded(encode(outcome.tree), form)

    async def _watch(self, call: Call, form: Form) -> Answer:
        stream = Stream(200, form.content_type, [*COMMON, *warnings_of(call)])
        shape = WatchForm(self.api, call, form)
        allowed = 0  # bytes; nothing is counted before there is a reader

        def send(data: bytes) -> None:
            stream.write(data)
            if allowed and stream.buffered > allowed:
                # It reads slower than things change: it starts again from its last revision.
                stream.abort()

        watch: Watch = await self.api.watcher.open(call, shape, send, stream.finish)
        stream.on_close = watch.close
        watch.start(call)
        # What exists is sent whole, however much it is; only what comes behind it may not pile up.
        allowed = BUFFER_LIMIT + stream.buffered
        return stream


class WatchForm:
    """How events look to HTTP watchers with one form."""

    def __init__(self, api: Api, call: Call, form: Form) -> None:
        self.api = api
        self.resource = call.resource
        self.form = form
        self.include = call.params.get("includeObject", "")
        self.render = render.frames(form, api.clock, call.resource, self.include)

    @property
    def key(self) -> str:
        form = self.form
        return f"{self.resource.apiVersion} {form.encoding} {form.view} {self.include}"

    def first(self, events: Sequence[Event]) -> bytes:
        if self.form.view != "table":
            return self.render(events)
        first, *rest = events
        head = render.table_frame(first, self.form, self.api.clock, self.include, self.resource, heads=True)
        return head + (self.render(rest) if rest else b"")

    def bookmark(self, revision: int, *, initial_end: bool) -> bytes:
        return render.bookmark(self.resource, revision, self.form, initial_end=initial_end)

    def failure(self, error: StatusError) -> bytes:
        return render.frame("ERROR", encode(error.status()), self.form)


def warnings_of(call: Call) -> list[tuple[str, str]]:
    """What there is to warn of, each once, as headers."""
    return [("Warning", f'299 - "{_quoted(text)}"') for text in dict.fromkeys(call.warnings)]


def form_of(request: Request, *, watch: bool) -> Form:
    form = negotiate(request.headers.get("accept"), watch=watch)
    if form.encoding == "json" and not watch and wants_pretty(request):
        return Form(form.encoding, form.view, form.stream, pretty=True)
    return form


def wants_pretty(request: Request) -> bool:
    if request.query_string and "pretty" in request.query:
        return request.query.flag("pretty")
    return request.headers.get("user-agent").startswith(BROWSERS)


def respond_by_pieces(
    request: Request, pieces: Iterator[bytes], form: Form, headers: list[tuple[str, str]]
) -> Answer:
    """One piece is an answer; of more, each is made while the client takes the one before."""
    first, second = next(pieces), next(pieces, None)
    if second is None:
        return respond(request, 200, first, form, headers)
    chunks = paced(chain((first, second), pieces))
    extra = [*COMMON, *headers]
    if "gzip" in request.headers.get("accept-encoding"):
        chunks = compressed(chunks)
        extra += COMPRESSED
    return Stream.of(chunks, 200, form.content_type, extra, finite=True)


async def paced(pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    """Others have their turn between two pieces, however fast the client reads."""
    for piece in pieces:
        yield piece
        await asyncio.sleep(0)


async def compressed(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    gzipped = zlib.compressobj(1, wbits=zlib.MAX_WBITS | 16)  # 16: in gzip's frame
    async for chunk in chunks:
        if made := gzipped.compress(chunk):
            yield made
    yield gzipped.flush()


def respond(
    request: Request, status: int, body: bytes, form: Form, headers: list[tuple[str, str]] | None = None
) -> Response:
    extra = [*COMMON, *(headers or ())]
    if len(body) >= GZIP_FROM and "gzip" in request.headers.get("accept-encoding"):
        body = gzip.compress(body, 1)
        extra += COMPRESSED
    return Response(status, body, form.content_type, extra)


def failure(error: StatusError, request: Request) -> Response:
    """A Status object as an answer; in JSON where the client's own form is none that a Status has."""
    headers = list(COMMON)
    if error.retry_after is not None:
        headers.append(("Retry-After", str(error.retry_after)))
    body = encode(error.status())
    try:
        form = negotiate(request.headers.get("accept"))
    except StatusError:
        form = Form()
    form = Form(form.encoding, pretty=form.encoding == "json" and wants_pretty(request))
    return Response(error.code, render.encoded(body, form), form.content_type, headers)


def forbidden(user: User, attributes: Attributes, version: str, reason: str) -> Forbidden:
    """What somebody may not do, in upstream's words."""
    if attributes.path:
        message = f'forbidden: User "{user.name}" cannot {attributes.verb} path "{attributes.path}"'
        return Forbidden(message + (f": {reason}" if reason else ""), details={})
    resource = (
        f"{attributes.resource}/{attributes.subresource}" if attributes.subresource else attributes.resource
    )
    qualified = f"{attributes.resource}.{attributes.group}" if attributes.group else attributes.resource
    named = (
        f'{qualified} "{attributes.name}" is forbidden' if attributes.name else f"{qualified} is forbidden"
    )
    where = f'in the namespace "{attributes.namespace}"' if attributes.namespace else "at the cluster scope"
    message = (
        f'{named}: User "{user.name}" cannot {attributes.verb} resource "{resource}" '
        f'in API group "{attributes.group}" {where}'
    )
    details = {"name": attributes.name, "group": attributes.group, "kind": attributes.resource}
    return Forbidden(message + (f": {reason}" if reason else ""), details=details)


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
