"""What the runtimes' tests share: a clock, and a containerd of their own in a temporary folder."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from wherry.machinery.clock import Clock
from wherry.node.runtimes import cgroups, images
from wherry.node.runtimes.daemon import Daemon
from wherry.node.runtimes.fake import FakeRuntime
from wherry.node.runtimes.interface import Runtime
from wherry.node.runtimes.settings import Settings

LIMIT = 20.0  # seconds
BRIDGE = "wherrytest0"
CGROUP = "/wherrytest"


class SystemClock:
    """The machine's own time and chance."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    def uuid(self) -> str:
        return str(uuid.uuid4())

    def suffix(self, length: int = 5) -> str:
        return uuid.uuid4().hex[:length]

    def random(self) -> float:
        return 0.5


Until = Callable[[Callable[[], bool]], Awaitable[None]]


@pytest.fixture
def until() -> Until:
    """Waits for what nobody announces, such as a line in a file; a failure after LIMIT seconds."""

    async def wait(condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(LIMIT):
            while not condition():  # noqa: ASYNC110 nobody would set the event
                await asyncio.sleep(0.01)

    return wait


@pytest.fixture(scope="session")
def clock() -> Clock:
    return SystemClock()


def network(ipam: Path) -> str:
    """A CNI configuration: a bridge of the tests' own."""
    ranges = {"type": "host-local", "dataDir": str(ipam), "ranges": [[{"subnet": "10.199.0.0/24"}]]}
    bridge = {"type": "bridge", "bridge": BRIDGE, "isGateway": True, "ipMasq": False, "ipam": ranges}
    return json.dumps({"cniVersion": "0.4.0", "name": "wherrytest", "plugins": [bridge]})


@pytest.fixture(scope="session")
def containerd(tmp_path_factory: pytest.TempPathFactory, clock: Clock) -> Iterator[Daemon]:
    """A containerd that serves, with the pause and busybox images loaded; gone afterwards in any case."""
    if os.geteuid() != 0:
        pytest.skip("needs root")
    folder = tmp_path_factory.mktemp("c")
    (folder / "cni").mkdir()
    (folder / "cni" / "10.conflist").write_text(network(folder / "ipam"))
    settings = Settings(
        folder=str(folder / "d"), cni_conf_dir=str(folder / "cni"), sandbox_image=images.PAUSE
    )
    daemon = Daemon(settings, clock)
    try:
        asyncio.run(_load(daemon, folder))
        yield daemon
    finally:
        asyncio.run(daemon.stop())
        subprocess.run(["ip", "link", "del", BRIDGE], check=False, capture_output=True)
        cgroups.detect().remove(CGROUP)


async def _load(daemon: Daemon, folder: Path) -> None:
    images.write_pause(str(folder / "pause.tar"))
    images.write_busybox(str(folder / "busybox.tar"))
    runtime = await daemon.start()
    await runtime.load(str(folder / "pause.tar"))
    await runtime.load(str(folder / "busybox.tar"))
    await runtime.close()


@pytest.fixture(params=["fake", pytest.param("containerd", marks=pytest.mark.machine)])
def daemon(request: pytest.FixtureRequest) -> Daemon | None:
    """What must run for the runtime in turn; asked for outside any event loop."""
    return request.getfixturevalue("containerd") if request.param == "containerd" else None


@pytest.fixture
async def runtime(daemon: Daemon | None, clock: Clock) -> AsyncIterator[Runtime]:
    """Every runtime in turn, with the busybox image present and no pods."""
    found: Runtime
    if daemon is None:
        found = FakeRuntime(clock)
        await found.pull(images.BUSYBOX)
    else:
        found = await daemon.start()
    yield found
    for sandbox in await found.list_sandboxes():
        await found.stop_sandbox(sandbox.id)
        await found.remove_sandbox(sandbox.id)
    await found.close()
