"""An Api over a store in memory, in virtual time, with nothing else running."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import msgspec
import pytest

from wherry.api.registry import Resource, all_resources
from wherry.apiserver.api import Api
from wherry.apiserver.call import Call, Outcome, User
from wherry.apiserver.read import Listing
from wherry.apiserver.server import ApiServer, Settings
from wherry.sim.clock import VirtualClock, VirtualLoop
from wherry.store.memory import MemoryStore

Tree = dict[str, Any]
ADMIN = User("admin", ("system:masters", "system:authenticated"))


def pytest_asyncio_loop_factories() -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
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
    made = ApiServer(MemoryStore(clock=clock), clock, Settings(version="0"))
    await made.start()
    yield made
    await made.close(0)


@pytest.fixture
async def api(server: ApiServer) -> Driver:
    driver = Driver(server.api)
    await driver.create("serviceaccounts", {"metadata": {"name": "default"}})
    return driver


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
