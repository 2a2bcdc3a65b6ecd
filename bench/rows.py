"""rows: what is measured, one function a row or group of rows. Works on any API server."""

from __future__ import annotations

import asyncio
import itertools
import json
import statistics
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from bench.load import Counter, Target, Watcher, run

NAMESPACE = "bench"


@dataclass(frozen=True)
class Row:
    name: str
    value: float
    unit: str
    better: str = "more"  # or "less"


def pod(name: str) -> dict[str, Any]:
    """A Pod of about 3 KB that no scheduler looks at."""
    container = {
        "name": "app",
        "image": "registry.example/app:1.2.3",
        "ports": [{"containerPort": 8080, "name": "http"}],
        "env": [{"name": f"SETTING_{number}", "value": "x" * 40} for number in range(12)],
        "resources": {"requests": {"cpu": "10m", "memory": "16Mi"}, "limits": {"memory": "64Mi"}},
        "livenessProbe": {"httpGet": {"path": "/healthz", "port": "http"}},
        "readinessProbe": {"httpGet": {"path": "/ready", "port": "http"}},
        "volumeMounts": [{"name": "scratch", "mountPath": "/scratch"}],
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": {"app": "bench", "number": name.rpartition("-")[2]}},
        "spec": {
            "schedulerName": "nobody",
            "automountServiceAccountToken": False,
            "containers": [container],
            "volumes": [{"name": "scratch", "emptyDir": {}}],
        },
    }


def configmap(name: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"x": "y" * 200}}


def pods_path(name: str = "") -> str:
    return f"/api/v1/namespaces/{NAMESPACE}/pods" + (f"/{name}" if name else "")


async def prepare(target: Target) -> None:
    """A namespace of our own, with its ServiceAccount."""
    body = json.dumps({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}).encode()
    await run(target, iter([target.request("POST", "/api/v1/namespaces", body)]), 1)
    path = f"/api/v1/namespaces/{NAMESPACE}/serviceaccounts"
    for _ in range(100):
        listed = await run(target, iter([target.request("GET", path)]), 1, keep=True)
        if json.loads(listed.body)["items"]:
            return
        await asyncio.sleep(0.1)
    raise TimeoutError("the namespace got no default ServiceAccount: are controllers running?")


async def tidy(target: Target) -> None:
    path = f"/api/v1/namespaces/{NAMESPACE}"
    for collection in ("pods?gracePeriodSeconds=0", "configmaps"):
        await run(target, iter([target.request("DELETE", f"{path}/{collection}")]), 1)
    await run(target, iter([target.request("DELETE", path)]), 1)


async def creates(target: Target, count: int) -> AsyncIterator[Row]:
    """`count` Pods in all, by 1, 16 and 64 clients."""
    number = itertools.count()

    def requests(many: int) -> Iterator[bytes]:
        for _ in range(many):
            body = json.dumps(pod(f"pod-{next(number)}"), separators=(",", ":")).encode()
            yield target.request("POST", pods_path(), body)

    for clients, share in ((1, 0.1), (16, 0.5), (64, 0.4)):
        result = await run(target, iter(list(requests(int(count * share)))), clients)
        yield Row(f"pod creates/s, {clients} clients", result.rate, "/s")
        if clients == 1:
            yield Row("pod create, p50, 1 client", result.percentile(0.5) * 1000, "ms", "less")


async def gets(target: Target, count: int) -> AsyncIterator[Row]:
    request = target.request("GET", pods_path("pod-0"))
    result = await run(target, itertools.repeat(request, count), 16)
    yield Row("GETs/s of one pod, 16 clients", result.rate, "/s")


async def lists(target: Target, pods: int) -> AsyncIterator[Row]:
    for words, path in (
        (f"LIST of {pods:,} pods, p50", pods_path()),
        ("LIST limit=500, p50", pods_path() + "?limit=500"),
        ("LIST by label, one match, p50", pods_path() + "?labelSelector=number%3D7"),
    ):
        result = await run(target, itertools.repeat(target.request("GET", path), 10), 1)
        yield Row(words, result.percentile(0.5) * 1000, "ms", "less")


async def fan_out(target: Target, watchers: int, events: int) -> Row:
    """Deliveries a second: `events` creations, seen by each of so many watchers."""
    loop = asyncio.get_running_loop()
    host, port = target.address
    path = f"/api/v1/namespaces/{NAMESPACE}/configmaps"
    listed = json.loads((await run(target, iter([target.request("GET", path)]), 1, keep=True)).body)
    since = listed["metadata"]["resourceVersion"]
    request = target.request("GET", f"{path}?watch=true&resourceVersion={since}")
    counter = Counter(watchers * events)
    opened = []
    for _ in range(watchers):
        transport, _ = await loop.create_connection(
            lambda: Watcher(request, counter), host, port, ssl=target.tls
        )
        opened.append(transport)
    await asyncio.sleep(1.0)  # until all of them listen
    bodies = [json.dumps(configmap(f"fan-{watchers}-{number}")).encode() for number in range(events)]
    began = time.perf_counter()
    await run(target, iter([target.request("POST", path, body) for body in bodies]), 16)
    ended = await asyncio.wait_for(counter.reached, 120)
    for transport in opened:
        transport.close()
    return Row(f"events to {watchers:,} watchers", watchers * events / (ended - began), "deliveries/s")


async def pod_starts(target: Target, image: str, count: int = 10) -> AsyncIterator[Row]:
    """From the request to Running, as a watcher sees it; the image is on the node."""
    seconds = []
    loop = asyncio.get_running_loop()
    host, port = target.address
    for number in range(count):
        name = f"start-{number}"
        selected = f"{pods_path()}?watch=true&fieldSelector=metadata.name%3D{name}"
        counter = Counter(1)
        transport, _ = await loop.create_connection(
            partial(Watcher, target.request("GET", selected), counter, b'"phase":"Running"'),
            host,
            port,
            ssl=target.tls,
        )
        container = {"name": "c", "image": image, "imagePullPolicy": "Never"}
        spec = {"containers": [container], "terminationGracePeriodSeconds": 0}
        body = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}
        began = time.perf_counter()
        await run(target, iter([target.request("POST", pods_path(), json.dumps(body).encode())]), 1)
        seconds.append(await asyncio.wait_for(counter.reached, 60) - began)
        transport.close()
        await run(target, iter([target.request("DELETE", pods_path(name))]), 1)
    yield Row("pod start to Running, median", statistics.median(seconds), "s", "less")
