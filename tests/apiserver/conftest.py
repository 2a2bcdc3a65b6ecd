"""An Api over a store in memory, in virtual time, with nothing else running."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from functools import cache
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from wherry.api.registry import Resource, all_resources
from wherry.apiserver.api import Api
from wherry.apiserver.call import Call, Outcome, User
from wherry.apiserver.read import Listing
from wherry.apiserver.server import ApiServer, Settings
from wherry.sim.clock import VirtualClock, VirtualLoop
from wherry.sim.kit import NoDialer
from wherry.store.memory import MemoryStore
from wherry.wire.client import HttpClient, Reply

Tree = dict[str, Any]
ADMIN = User("admin", ("system:masters", "system:authenticated"))


ON_SOCKETS = ("test_front.py", "test_pages.py", "test_discovery.py", "test_openapi.py", "test_server.py")


def pytest_asyncio_loop_factories(item: pytest.Item) -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Virtual time, but for the tests that speak HTTP over a socket."""
    if item.path.name in ON_SOCKETS:
        return {"real": asyncio.SelectorEventLoop}
    return {"virtual": VirtualLoop}


def resource(plural: str) -> Resource:
    """By `pods`, or `deployments.apps` where it matters."""
    return next(r for r in all_resources() if plural in (r.plural, r.qualified))


class Driver:
    """Calls in the fewest words."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self.warnings: list[str] = []

    async def do(
        self,
        verb: str,
        plural: str,
        name: str = "",
        body: Any = None,
        *,
        namespace: str = "default",
        subresource: str = "",
        content_type: str = "application/json",
        agent: str = "test/1",
        **params: str,
    ) -> Outcome | Listing:
        found = resource(plural)
        data = body if isinstance(body, bytes) else msgspec.json.encode(body) if body is not None else b""
        options = {key.removesuffix("_"): value for key, value in params.items()}
        place = namespace if found.namespaced else ""
        call = Call(verb, found, place, name, subresource, options, data, content_type, ADMIN, agent)
        try:
            return await self.api.perform(call)
        finally:
            self.warnings = call.warnings

    async def tree(self, *arguments: Any, **options: Any) -> Tree:
        outcome = await self.do(*arguments, **options)
        assert isinstance(outcome, Outcome)
        if outcome.entry is None:
            assert outcome.tree is not None
            return outcome.tree
        return outcome.entry.tree

    async def create(self, plural: str, body: Any, **options: Any) -> Tree:
        return await self.tree("create", plural, "", body, **options)

    async def get(self, plural: str, name: str, **options: Any) -> Tree:
        return await self.tree("get", plural, name, **options)

    async def update(self, plural: str, name: str, body: Any, **options: Any) -> Tree:
        return await self.tree("update", plural, name, body, **options)

    async def patch(self, plural: str, name: str, body: Any, kind: str = "merge", **options: Any) -> Tree:
        types = {
            "merge": "merge-patch+json",
            "json": "json-patch+json",
            "strategic": "strategic-merge-patch+json",
        }
        content_type = "application/" + types.get(kind, "apply-patch+yaml")
        return await self.tree("patch", plural, name, body, content_type=content_type, **options)

    async def delete(self, plural: str, name: str, body: Any = None, **options: Any) -> Tree:
        return await self.tree("delete", plural, name, body, **options)

    async def list(self, plural: str, **options: Any) -> Listing:
        listing = await self.do("list", plural, **options)
        assert isinstance(listing, Listing)
        return listing

    async def names(self, plural: str, **options: Any) -> Sequence[str]:
        return [entry.name for entry in (await self.list(plural, **options)).entries]


@pytest.fixture
async def server() -> AsyncIterator[ApiServer]:
    clock = VirtualClock()
    settings = Settings(version="0", service_account_key=account_key())
    made = ApiServer(MemoryStore(clock=clock), clock, settings)
    await made.start()
    yield made
    await made.close(0)


@pytest.fixture
async def api(server: ApiServer) -> Driver:
    driver = Driver(server.api)
    await driver.create("serviceaccounts", {"metadata": {"name": "default"}})
    return driver


@cache
def account_key() -> bytes:
    """What a server signs ServiceAccount tokens with."""
    return ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


class Web:
    """The server over a socket, plain HTTP. `user` is whose token is shown: admin, jane or nobody."""

    def __init__(self, server: ApiServer, client: HttpClient) -> None:
        self.server = server
        self.client = client

    async def ask(
        self, method: str, path: str, body: Any = None, *, user: str = "admin", **headers: str
    ) -> Reply:
        client = self.client
        if agent := headers.pop("User_Agent", ""):
            client = HttpClient(client.url, user_agent=agent)
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if user and user != "nobody":
            sent.setdefault("Authorization", f"Bearer {user}-token")
        data = body if isinstance(body, bytes) else b"" if body is None else msgspec.json.encode(body)
        if data:
            sent.setdefault("Content-Type", "application/json")
        try:
            return await client.request(method, path, headers=list(sent.items()), body=data)
        finally:
            if client is not self.client:
                await client.close()

    async def tree(self, method: str, path: str, body: Any = None, **options: Any) -> Tree:
        found: Tree = msgspec.json.decode((await self.ask(method, path, body, **options)).body)
        return found


@pytest.fixture
async def web() -> AsyncIterator[Web]:
    clock = VirtualClock()
    users = {"admin-token": ADMIN, "jane-token": User("jane")}
    settings = Settings(version="0", port=0, static_tokens=users, service_account_key=account_key())
    made = ApiServer(MemoryStore(clock=clock), clock, settings)
    await made.start()
    served = await made.serve(None, NoDialer())
    client = HttpClient(f"http://127.0.0.1:{served.port}", user_agent="test/1")
    yield Web(made, client)
    await client.close()
    await made.close(0)


def pod(name: str = "a", **spec: Any) -> Tree:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": {"app": name}},
        "spec": {"containers": [{"name": "c", "image": "x:1"}], **spec},
    }


def configmap(name: str = "a", **data: str) -> Tree:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


def deployment(name: str = "web", replicas: int = 1, image: str = "x:1") -> Tree:
    labels = {"app": name}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {"containers": [{"name": "c", "image": image}]},
            },
        },
    }
