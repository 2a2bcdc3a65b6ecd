"""App: the node's HTTPS server: who may ask, and which function answers what."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING

import msgspec

from wherry.node.config import AgentConfig
from wherry.node.podview import NotThere, Refused
from wherry.node.runtimes.interface import RuntimeFailure
from wherry.node.server.access import is_allowed
from wherry.node.server.logs import container_logs
from wherry.node.server.stats import metrics, resource_metrics, summary
from wherry.node.server.streams import attach, exec_, port_forward
from wherry.wire.message import Request, Response, text
from wherry.wire.protocol import Answer
from wherry.wire.server import Server
from wherry.wire.tls import server_context

if TYPE_CHECKING:
    from wherry.node.agent import Agent

log = logging.getLogger(__name__)

Route = Callable[["Agent", Request, list[str]], Awaitable[Answer]]


async def healthz(agent: Agent, request: Request, rest: list[str]) -> Answer:
    return text(200, "ok")


async def pods(agent: Agent, request: Request, rest: list[str]) -> Answer:
    """The pods of this node, with their status as the node sees it."""
    items = [
        {"apiVersion": "v1", "kind": "Pod"} | msgspec.to_builtins(worker.current)
        for worker in agent.workers.values()
        if not worker.gone
    ]
    return Response(body=msgspec.json.encode({"kind": "PodList", "apiVersion": "v1", "items": items}))


ROUTES: dict[str, Route] = {
    "healthz": healthz,
    "pods": pods,
    "containerLogs": container_logs,
    "exec": exec_,
    "attach": attach,
    "portForward": port_forward,
    "stats": summary,
    "metrics": metrics,
}


class NodeServer:
    """Answers on the node's port, for as long as `started` lasts."""

    def __init__(self, agent: Agent) -> None:
        self._agent = agent

    @staticmethod
    @contextlib.asynccontextmanager
    async def started(agent: Agent) -> AsyncIterator[Server]:
        config: AgentConfig = agent.config
        assert config.certificate is not None
        assert config.key is not None
        assert config.client_ca is not None
        tls = server_context(config.certificate, config.key, config.client_ca)
        handler = NodeServer(agent).handle
        server = await Server.start(handler, config.address, config.port, tls=tls, clock=agent.tools.clock)
        try:
            yield server
        finally:
            await asyncio.shield(server.close())

    async def handle(self, request: Request) -> Answer:
        refusal = is_allowed(request, self._agent.config.clients)
        if refusal is not None:
            return refusal
        _, first, *rest = request.path.split("/")
        route = ROUTES.get(first)
        if first == "metrics" and rest == ["resource"]:
            route = resource_metrics
        if route is None:
            return text(404, "404 page not found")
        try:
            return await route(self._agent, request, rest)
        except NotThere as error:
            return text(404, str(error))
        except Refused as error:
            return text(400, str(error))
        except RuntimeFailure as error:
            return text(500, str(error))
