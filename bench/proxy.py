"""How long the Service proxy takes: loading N Services of three endpoints, and adding one more.

unshare -n .venv/bin/python -m bench.proxy            # needs root and nft; touches no rules of the host
unshare -n .venv/bin/python -m bench.proxy 1000 10000
"""

from __future__ import annotations

import asyncio
import sys
import time
from datetime import UTC, datetime
from statistics import median

from wherry.api.core.service import Service, ServicePort, ServiceSpec
from wherry.api.discovery.endpointslice import Endpoint, EndpointPort, EndpointSlice
from wherry.api.registry import resource_for
from wherry.client.cache import Cache
from wherry.client.transport import Event
from wherry.machinery.meta import ObjectMeta
from wherry.network.proxy.adapter import SERVICE_NAME, Place
from wherry.network.proxy.model import Ranges
from wherry.network.proxy.proxier import Proxier

TABLE = "wherry-bench"
RANGES = Ranges(("10.128.0.0/9",), ("10.64.0.0/10",))
ENDPOINTS = 3


class RealClock:
    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    def uuid(self) -> str:
        return "00000000-0000-4000-8000-000000000000"

    def suffix(self, length: int = 5) -> str:
        return "b" * length

    def random(self) -> float:
        return 0.5


def service(number: int) -> Service:
    vip = f"10.{64 + number // 62500}.{number // 250 % 250}.{number % 250 + 1}"
    return Service(
        metadata=ObjectMeta(name=f"s{number}", namespace="default"),
        spec=ServiceSpec(clusterIP=vip, clusterIPs=(vip,), ports=(ServicePort(port=80),)),
    )


def slice_of(number: int, count: int = ENDPOINTS) -> EndpointSlice:
    first = number * ENDPOINTS
    addresses = [
        f"10.{128 + each // 62500}.{each // 250 % 250}.{each % 250 + 1}"
        for each in range(first, first + count)
    ]
    return EndpointSlice(
        metadata=ObjectMeta(name=f"s{number}-1", namespace="default", labels={SERVICE_NAME: f"s{number}"}),
        addressType="IPv4",
        endpoints=tuple(Endpoint(addresses=(address,), nodeName="n1") for address in addresses),
        ports=(EndpointPort(port=8080),),
    )


async def measure(count: int) -> None:
    services: Cache[Service] = Cache(resource_for(Service))
    slices: Cache[EndpointSlice] = Cache(resource_for(EndpointSlice))
    services.take([Event("ADDED", service(number), "") for number in range(count)])
    slices.take([Event("ADDED", slice_of(number), "") for number in range(count)])
    proxier = Proxier(services, slices, Place("n0"), RANGES, RealClock(), table=TABLE)
    began = time.perf_counter()
    task = asyncio.create_task(proxier.run())
    services.take([Event("SYNCED", None, "1")])
    slices.take([Event("SYNCED", None, "1")])
    await proxier.applied()
    print(f"{count:6} services: loaded in {time.perf_counter() - began:.3f} s,", end=" ")
    added: list[float] = []
    changed: list[float] = []
    for number in range(count, count + 11):
        for times, event in (
            (added, Event("ADDED", slice_of(number), "")),
            (changed, Event("MODIFIED", slice_of(number, 2), "")),
        ):
            began = time.perf_counter()
            if times is added:
                services.take([Event("ADDED", service(number), "")])
            slices.take([event])
            await proxier.applied()
            times.append(time.perf_counter() - began)
    print(f"one added in {median(added) * 1000:.1f} ms, endpoints changed in {median(changed) * 1000:.1f} ms")
    assert proxier.measures.failures == 0
    assert proxier.measures.loads == 1
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await proxier.remove()


if __name__ == "__main__":
    for size in [int(each) for each in sys.argv[1:]] or [1000, 10000]:
        asyncio.run(measure(size))
