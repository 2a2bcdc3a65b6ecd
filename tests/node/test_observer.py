"""What the runtime has, as the agent keeps it in mind."""

from __future__ import annotations

from typing import Any

from wherry.node import identity
from wherry.node.observer import Observer
from wherry.node.runtimes.fake import FakeRuntime
from wherry.node.runtimes.interface import SandboxConfig


class Slow(FakeRuntime):
    """Its list of sandboxes is old by the time it comes: `meanwhile` happens in between."""

    meanwhile: Any = None

    async def list_sandboxes(self) -> Any:
        found = await super().list_sandboxes()
        if self.meanwhile is not None:
            await self.meanwhile()
        return found


def sandbox(uid: str) -> SandboxConfig:
    return SandboxConfig(name=uid, namespace="default", uid=uid, annotations={identity.NODE: "n1"})


async def test_what_comes_while_the_runtime_makes_its_list_is_kept(clock: Any) -> None:
    runtime = Slow(clock)
    observer = Observer(runtime, "n1")

    async def start() -> None:
        await observer.look_at_box("a", await runtime.run_sandbox(sandbox("a")))

    runtime.meanwhile = start
    await observer.relist()
    assert len(observer.pods["a"].boxes) == 1


async def test_what_is_not_listed_any_more_is_gone(clock: Any) -> None:
    runtime = FakeRuntime(clock)
    observer = Observer(runtime, "n1")
    box = await runtime.run_sandbox(sandbox("a"))
    assert await observer.relist() == {"a"}
    await runtime.stop_sandbox(box)
    await runtime.remove_sandbox(box)
    assert await observer.relist() == {"a"}
    assert not observer.pods["a"].boxes
