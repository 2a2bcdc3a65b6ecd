"""Api: the API server but for HTTP: a call in, what became of it out. In-process clients come in here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence

import msgspec

from wherry.apiserver.admission import Admission
from wherry.apiserver.admission.order import default_admission
from wherry.apiserver.authn.tokens import Tokens
from wherry.apiserver.authz import Authorizers
from wherry.apiserver.authz.masters import Masters
from wherry.apiserver.authz.rbac import Rbac
from wherry.apiserver.call import Call, Outcome, User
from wherry.apiserver.delete import Deleter
from wherry.apiserver.granting import Granting
from wherry.apiserver.hub import Hub
from wherry.apiserver.ownership import Ownership
from wherry.apiserver.patch import Patcher
from wherry.apiserver.read import Listing, Reader
from wherry.apiserver.reviews import REVIEWS
from wherry.apiserver.services import ServiceHooks
from wherry.apiserver.subresources import binding, eviction, parts, scale, token
from wherry.apiserver.tokens import TokenIssuer
from wherry.apiserver.watch import Watcher
from wherry.apiserver.write import Writer
from wherry.machinery.clock import Clock
from wherry.machinery.errors import BadRequest, InternalError, MethodNotAllowed, NotFound, ServiceUnavailable
from wherry.store.interface import Store, StoreError

Handler = Callable[[Call, "Api"], Awaitable[Outcome]]

SUBRESOURCES: Mapping[str, Handler] = {
    "scale": scale.handle,
    "binding": binding.handle,
    "eviction": eviction.handle,
    "token": token.handle,
    "finalize": parts.handle,
    "approval": parts.handle,
    "ephemeralcontainers": parts.handle,
    "resize": parts.handle,
}

# Kinds that are not stored: creating one does something, or answers a question.
DEEDS: Mapping[tuple[str, str], Handler] = {**REVIEWS, ("", "Binding"): binding.create}

encode = msgspec.json.Encoder().encode


class Api:
    """Reads, writes and watches. Who may do what has been decided before a call gets here."""

    encode = staticmethod(encode)

    def __init__(
        self,
        store: Store,
        clock: Clock,
        *,
        services: ServiceHooks,
        tokens: TokenIssuer | None = None,
        static_tokens: Mapping[str, User] | None = None,
        admission: Admission | None = None,
    ) -> None:
        self.store = store
        self.clock = clock
        self.hub = Hub(store)
        self.reader = Reader(self.hub)
        rbac = Rbac(self.hub)
        self.authorizer = Authorizers((Masters(), rbac))
        hooks = Granting(services, rbac, self.authorizer)
        self.writer = Writer(self.hub, admission or default_admission(), clock, Ownership(), hooks)
        self.deleter = Deleter(self.writer, self.reader)
        self.patcher = Patcher(self.writer)
        self.watcher = Watcher(self.hub, self.reader, clock)
        self.tokens = tokens
        self.services = services
        services.attach(self.hub)
        self.bearer = Tokens(static_tokens or {}, tokens, self.hub, clock)

    async def start(self) -> None:
        """Read the store. `run` must follow, and goes on as long as the server does."""
        await self.hub.load()
        self.services.load()

    async def run(self) -> None:
        """Take over what changes in the store, until cancelled."""
        await self.hub.follow()

    def authenticate_token(self, token: str, audiences: Sequence[str]) -> tuple[User, Sequence[str]]:
        """Whose token this is. ValueError where it is not good."""
        return self.bearer.user_of(token, audiences)

    async def perform(self, call: Call) -> Outcome | Listing:
        """Do what a call asks, watches and connections excepted. Raises StatusError."""
        try:
            return await self._perform(call)
        except StoreError as error:
            raise ServiceUnavailable(str(error)) from error
        except RecursionError:
            raise BadRequest("the body of the request is nested too deeply: exceeded max depth") from None

    async def _perform(self, call: Call) -> Outcome | Listing:
        self._allowed(call)
        if call.subresource and call.subresource != "status":
            handler = SUBRESOURCES.get(call.subresource)
            if handler is None:
                raise InternalError(f"{call.resource.plural}/{call.subresource} is answered elsewhere")
            return await handler(call, self)
        deed = DEEDS.get((call.resource.group, call.resource.kind))
        if deed is not None:
            return await deed(call, self)
        match call.verb:
            case "get":
                return Outcome(200, self.reader.get(call))
            case "list":
                return await self.reader.list(call)
            case "create":
                return await self.writer.create(call)
            case "update":
                return await self.writer.update(call)
            case "patch":
                return await self.patcher.patch(call)
            case "delete":
                return await self.deleter.delete(call)
            case "deletecollection":
                return await self.deleter.delete_collection(call)
        raise MethodNotAllowed(
            f"the server does not allow this method on the requested resource: {call.verb}"
        )

    def _allowed(self, call: Call) -> None:
        """A verb that the resource does not have, as discovery says."""
        resource = call.resource
        if call.subresource:
            found = resource.subresource(call.subresource)
            if found is None:
                details = {"group": resource.group, "kind": resource.plural}
                raise NotFound("the server could not find the requested resource", details=details)
            verbs: tuple[str, ...] = found.verbs
        else:
            verbs = resource.verbs
        if call.verb not in verbs:
            raise MethodNotAllowed(
                "the server does not allow this method on the requested resource",
                details={"group": resource.group, "kind": resource.plural},
            )
