"""Store bench: writes a second at some numbers of writers, beside an idle and a busy loop; opening; ranges.

python bench/store.py [folder]
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import uvloop

from wherry.store.interface import ABSENT, Store
from wherry.store.memory import MemoryStore
from wherry.store.sqlite import SqliteStore

VALUE = bytes(range(256)) * 12  # 3 KB
SECONDS = 2.0
BUSY = 0.0005  # seconds that a busy loop computes without a pause


class WallClock:
    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    def uuid(self) -> str:
        return ""

    def suffix(self, length: int = 5) -> str:
        return "b" * length

    def random(self) -> float:
        return 0.5


async def puts(store: Store, writers: int, *, busy: bool = False) -> None:
    latencies: list[float] = []
    stop = time.perf_counter() + SECONDS
    run = f"{writers}-{busy}"

    async def write(writer: int) -> None:
        number = 0
        while (start := time.perf_counter()) < stop:
            number += 1
            await store.put(
                f"/registry/core/pods/bench-{run}-{writer}/pod-{number:06}",
                VALUE + b"%d" % number,
                expect=ABSENT,
            )
            latencies.append(time.perf_counter() - start)

    async def compute() -> None:
        while time.perf_counter() < stop:
            pause = time.perf_counter() + BUSY
            while time.perf_counter() < pause:
                pass
            await asyncio.sleep(0)

    started = time.perf_counter()
    await asyncio.gather(*(write(writer) for writer in range(writers)), *([compute()] if busy else []))
    latencies.sort()
    p50, p99 = (latencies[len(latencies) * percent // 100] * 1e3 for percent in (50, 99))
    print(
        f"  {writers:3} writers{', busy loop' if busy else '':12}"
        f" {len(latencies) / (time.perf_counter() - started):8,.0f}/s"
        f"  p50 {p50:6.2f} ms  p99 {p99:6.2f} ms"
    )


async def bench_writes(name: str, store: Store) -> None:
    print(name)
    for writers in (1, 16, 64):
        await puts(store, writers)
    for writers in (1, 64):
        await puts(store, writers, busy=True)
    await store.close()


async def fill(store: Store, namespace: str, count: int) -> None:
    for start in range(0, count, 1000):
        await asyncio.gather(
            *(
                store.put(f"/registry/core/pods/{namespace}/pod-{i:06}", VALUE + b"%d" % i, expect=ABSENT)
                for i in range(start, start + 1000)
            )
        )


async def bench_open(folder: Path) -> None:
    print("opening, 20,000 objects of 3 KB")
    path = folder / "open.db"
    store = await SqliteStore.open(path, clock=WallClock())
    await fill(store, "default", 20_000)
    await store.close()
    for _ in range(3):
        start = time.perf_counter()
        store = await SqliteStore.open(path, clock=WallClock())
        print(f"  {(time.perf_counter() - start) * 1e3:.0f} ms, {path.stat().st_size >> 20} MiB")
        await store.close()


async def bench_range() -> None:
    print("range, 5,000 keys of 100,000")
    store = MemoryStore(clock=WallClock())
    for number in range(20):
        await fill(store, f"ns{number:02}", 5000)
    prefix, then = "/registry/core/pods/ns07/", store.revision
    for at in (0, then):
        start = time.perf_counter()
        entries, _ = await store.range(prefix, at=at)
        print(f"  all {len(entries)}: {(time.perf_counter() - start) * 1e3:.2f} ms")
    for _ in range(10_000):
        await store.put("/registry/core/nodes/n", b"", expect=-1)
    start = time.perf_counter()
    entries, _ = await store.range(prefix, at=then)
    print(f"  all {len(entries)}, 10,000 changes ago: {(time.perf_counter() - start) * 1e3:.2f} ms")
    start = time.perf_counter()
    entries, _ = await store.range(prefix, limit=500)
    print(f"  a page of {len(entries)}: {(time.perf_counter() - start) * 1e3:.2f} ms")


async def main(folder: Path) -> None:
    await bench_writes("memory", MemoryStore(clock=WallClock()))
    await bench_writes("sqlite", await SqliteStore.open(folder / "writes.db", clock=WallClock()))
    await bench_open(folder)
    await bench_range()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(dir=sys.argv[1] if len(sys.argv) > 1 else None) as name:
        uvloop.run(main(Path(name)))
