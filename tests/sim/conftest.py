"""Whole clusters in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from wherry.machinery.meta import Object
from wherry.sim.clock import VirtualLoop
from wherry.testing import Cluster


def pytest_asyncio_loop_factories(item: pytest.Item) -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    return {"virtual": VirtualLoop}


async def wait_for_none(cluster: Cluster, kind: type[Object], name: str) -> None:
    """Return once an object is gone."""
    for _ in range(60):
        if await cluster.client.find(kind, name, "default") is None:
            return
        await asyncio.sleep(1)
    raise AssertionError(f"{kind.kind} {name} is still there")
