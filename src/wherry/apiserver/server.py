"""Server: an Api with its front door: TLS, authenticators, pages, and the tasks that keep it current."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field

from wherry.apiserver import bootstrap
from wherry.apiserver.api import Api
from wherry.apiserver.authn.x509 import Certificates
from wherry.apiserver.call import User
from wherry.apiserver.connect import Connector, Dialer
from wherry.apiserver.expiry import Expiry
from wherry.apiserver.front import Front
from wherry.apiserver.keeping import Keeping
from wherry.apiserver.pages import Check, Pages
from wherry.apiserver.services import ServiceHooks
from wherry.apiserver.tokens import TokenIssuer
from wherry.machinery.clock import Clock
from wherry.store.interface import Store
from wherry.wire.server import Limits, Server

MAX_BODY = 3 << 20  # bytes


@dataclass(frozen=True, slots=True)
class Settings:
    """What an API server is told at start."""

    version: str
    host: str = "127.0.0.1"
    port: int = 6443
    advertise: str = ""  # the address that Pods reach it at; the host where it is empty
    service_cidr: str = "10.96.0.0/16"
    ca: str = ""  # PEM, shown in kube-system/extension-apiserver-authentication
    service_account_key: bytes = b""
    issuer: str = "https://kubernetes.default.svc.cluster.local"
    static_tokens: Mapping[str, User] = field(default_factory=dict)


class ApiServer:
    """`start`, then `serve` (optional: in-process clients need no port), then `close`."""

    def __init__(self, store: Store, clock: Clock, settings: Settings) -> None:
        self.settings = settings
        self.clock = clock
        tokens = None
        if settings.service_account_key:
            tokens = TokenIssuer(settings.service_account_key, settings.issuer, (settings.issuer,))
        services = ServiceHooks(settings.service_cidr, clock)
        self.api = Api(store, clock, services=services, tokens=tokens, static_tokens=settings.static_tokens)
        self.expiry = Expiry(self.api)
        self.ready = False
        self.stopping = False
        self.server: Server | None = None
        self._follow: asyncio.Task[None] | None = None
        self._keep: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Load the store, follow it, and make what every cluster has."""
        await self.api.start()
        self._follow = asyncio.create_task(self.api.run(), name="apiserver: follow the store")
        settings = self.settings
        address = settings.advertise or settings.host
        await bootstrap.ensure(self.api, address=address, port=settings.port, ca=settings.ca)
        keeping = Keeping(
            self.api.hub,
            lambda: bootstrap.ensure_kubernetes(self.api, address=address, port=settings.port),
        )
        self._keep = asyncio.create_task(keeping.run(), name="apiserver: keep the Service kubernetes")
        self.expiry.start()
        self.ready = True

    async def serve(self, tls: ssl.SSLContext | None, dialer: Dialer) -> Server:
        """Listen. PortInUse where somebody else does."""
        pages = Pages(
            self.settings.version,
            f"{self.settings.advertise or self.settings.host}:{self.settings.port}",
            self.checks(),
            self.api.tokens,
        )
        front = Front(
            self.api,
            (Certificates(), self.api.bearer),
            pages.find,
            Connector(self.api, dialer).answer,
        )
        limits = Limits(body=MAX_BODY)
        self.server = await Server.start(
            front.handle, self.settings.host, self.settings.port, tls=tls, limits=limits, clock=self.clock
        )
        return self.server

    def checks(self) -> Mapping[str, Check]:
        def follows() -> str:
            return (
                ""
                if self._follow is not None and not self._follow.done()
                else "the store's log is not followed"
            )

        return {
            "ping": lambda: "",
            "etcd": follows,
            "informer-sync": lambda: "" if self.ready else "still loading",
            "poststarthook/rbac/bootstrap-roles": lambda: "" if self.ready else "not finished",
            "shutdown": lambda: "process is shutting down" if self.stopping else "",
        }

    async def close(self, grace: float = 1.0) -> None:
        self.stopping = True
        self.expiry.stop()
        if self.server is not None:
            await self.server.close(grace)
        tasks = [task for task in (self._keep, self._follow) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
