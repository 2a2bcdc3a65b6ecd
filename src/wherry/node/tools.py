"""Tools: what every part of the agent works with; made once, when it starts."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from wherry.api.core.service import Service
from wherry.client.cache import Cache
from wherry.client.client import Client
from wherry.machinery.clock import Clock
from wherry.node.config import AgentConfig
from wherry.node.images import Images
from wherry.node.machine import Facts
from wherry.node.objects import ApiObjects
from wherry.node.observer import Observer
from wherry.node.recorder import Recorder
from wherry.node.runtimes.cgroups import Cgroups
from wherry.node.runtimes.interface import Runtime, RuntimeStatus, Version


@dataclass(slots=True)
class Tools:
    """Runtime, API, clock and what is known of the machine."""

    config: AgentConfig
    runtime: Runtime
    client: Client
    clock: Clock
    machine: Facts
    objects: ApiObjects
    services: Cache[Service]
    images: Images
    recorder: Recorder
    observer: Observer
    cgroups: Cgroups
    spawn: Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]]
    version: Version = field(default_factory=lambda: Version(name="unknown", version=""))
    status: RuntimeStatus = field(default_factory=lambda: RuntimeStatus(ready=False, network_ready=False))
