"""tokens: bearer tokens: those of ServiceAccounts, and static ones that the cluster was started with."""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from typing import Any

from wherry.api.core.node import Node
from wherry.api.core.pod import Pod
from wherry.api.core.secret import Secret
from wherry.api.core.serviceaccount import ServiceAccount
from wherry.api.registry import resource_for
from wherry.apiserver.authn import authenticated
from wherry.apiserver.call import User
from wherry.apiserver.hub import Hub
from wherry.apiserver.read import key_of
from wherry.apiserver.tokens import PRIVATE, TokenError, TokenIssuer
from wherry.machinery.clock import Clock
from wherry.machinery.errors import Unauthorized
from wherry.wire.message import Request

BOUND = {"pod": Pod, "secret": Secret, "node": Node}
EXTRA = "authentication.kubernetes.io/"


class Tokens:
    def __init__(
        self, static: Mapping[str, User], issuer: TokenIssuer | None, hub: Hub, clock: Clock
    ) -> None:
        self.static = {token: authenticated(user) for token, user in static.items()}
        self.issuer = issuer
        self.hub = hub
        self.clock = clock
        self._accounts = hub.cache(resource_for(ServiceAccount))

    def authenticate(self, request: Request) -> User | None:
        header = request.headers.get("authorization")
        if header[:7].lower() != "bearer ":
            return None
        try:
            return self.user_of(header[7:].strip())[0]
        except TokenError:
            raise Unauthorized("Unauthorized") from None

    def user_of(self, token: str, audiences: Sequence[str] = ()) -> tuple[User, Sequence[str]]:
        """Whose token this is, and for which of `audiences` it is good. TokenError where it is not."""
        for known, user in self.static.items():
            if hmac.compare_digest(known.encode(), token.encode()):
                return user, audiences
        if self.issuer is None:
            raise TokenError("invalid bearer token")
        claims = self.issuer.verify(token, self.clock.now())
        wanted = audiences or self.issuer.audiences
        good = [audience for audience in claims.get("aud") or () if audience in wanted]
        if not good:
            raise TokenError(f"token audiences {claims.get('aud')} are not among {list(wanted)}")
        return self._account(claims), good

    def _account(self, claims: Mapping[str, Any]) -> User:
        """The account's user. A token is void once its account, or what it is bound to, is gone."""
        private = claims.get(PRIVATE) or {}
        namespace, account = private.get("namespace", ""), private.get("serviceaccount") or {}
        entry = self._accounts.get(f"{namespace}/{account.get('name')}")
        if entry is None or entry.typed.metadata.uid != account.get("uid"):
            raise TokenError("the service account of this token is gone")
        extra = {EXTRA + "credential-id": (f"JTI={claims.get('jti', '')}",)}
        for field, kind in BOUND.items():
            bound = private.get(field)
            if bound is None:
                continue
            resource = resource_for(kind)
            found = self.hub.cache(resource).get(key_of(resource, namespace, bound.get("name", "")))
            if found is None or found.typed.metadata.uid != bound.get("uid"):
                raise TokenError(f"the {field} that this token is bound to is gone")
            extra[f"{EXTRA}{field}-name"] = (bound["name"],)
            extra[f"{EXTRA}{field}-uid"] = (bound["uid"],)
        name = f"system:serviceaccount:{namespace}:{account['name']}"
        groups = ("system:serviceaccounts", f"system:serviceaccounts:{namespace}")
        return authenticated(User(name, groups, account["uid"], extra))
