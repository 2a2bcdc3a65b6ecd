"""Stats: what pods and the node use: the summary API, and metrics in the text format."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from wherry.machinery import times
from wherry.node import identity
from wherry.node.machine import memory_info
from wherry.node.podview import NotThere
from wherry.node.runtimes.interface import ContainerState, ContainerStats
from wherry.wire.message import Request, Response
from wherry.wire.protocol import Answer

if TYPE_CHECKING:
    from wherry.node.agent import Agent

TEXT = "text/plain; version=0.0.4; charset=utf-8"
TICKS = 100  # of /proc/stat, a second


async def summary(agent: Agent, request: Request, rest: list[str]) -> Answer:
    if rest != ["summary"]:
        raise NotThere("ask for /stats/summary")
    stats = await agent.tools.runtime.stats()
    stamp = times.format_seconds(agent.tools.clock.now())
    by_pod: dict[str, list[ContainerStats]] = {}
    for each in stats:
        by_pod.setdefault(each.labels.get(identity.POD_UID, ""), []).append(each)
    pods = [_pod(agent, uid, group, stamp) for uid, group in by_pod.items() if uid in agent.workers]
    node = {
        "nodeName": agent.config.node_name,
        "cpu": {"time": stamp, "usageCoreNanoSeconds": node_cpu()},
        "memory": {"time": stamp, "workingSetBytes": node_memory()},
    }
    return Response(body=msgspec.json.encode({"node": node, "pods": pods}))


def _pod(agent: Agent, uid: str, group: Sequence[ContainerStats], stamp: str) -> dict[str, Any]:
    meta = agent.workers[uid].pod.metadata
    return {
        "podRef": {"name": meta.name, "namespace": meta.namespace, "uid": uid},
        "cpu": {"time": stamp, "usageCoreNanoSeconds": sum(each.cpu_nanoseconds for each in group)},
        "memory": {"time": stamp, "workingSetBytes": sum(each.memory_working_set for each in group)},
        "containers": [
            {
                "name": each.labels.get(identity.CONTAINER_NAME, each.name),
                "cpu": {"time": stamp, "usageCoreNanoSeconds": each.cpu_nanoseconds},
                "memory": {
                    "time": stamp,
                    "workingSetBytes": each.memory_working_set,
                    "usageBytes": each.memory_usage,
                    "rssBytes": each.memory_rss,
                    "pageFaults": each.page_faults,
                    "majorPageFaults": each.major_page_faults,
                },
                "rootfs": {"time": stamp, "usedBytes": each.rootfs_bytes, "inodesUsed": each.rootfs_inodes},
            }
            for each in group
        ],
    }


async def metrics(agent: Agent, request: Request, rest: list[str]) -> Answer:
    """A few of upstream's names that people look at."""
    runs = [run for view in agent.tools.observer.pods.values() for run in view.runs.values()]
    boxes = [box for view in agent.tools.observer.pods.values() for box in view.boxes.values()]
    lines = ["# TYPE kubelet_running_pods gauge", f"kubelet_running_pods {sum(b.ready for b in boxes)}"]
    lines.append("# TYPE kubelet_running_containers gauge")
    for state in ContainerState:
        count = sum(run.state is state for run in runs)
        lines.append(f'kubelet_running_containers{{container_state="{state.value}"}} {count}')
    lines.append("# TYPE kubelet_node_name gauge")
    lines.append(f'kubelet_node_name{{node="{agent.config.node_name}"}} 1')
    return Response(body="\n".join([*lines, ""]).encode(), content_type=TEXT)


async def resource_metrics(agent: Agent, request: Request, rest: list[str]) -> Answer:
    """What metrics-server scrapes."""
    stats = await agent.tools.runtime.stats()
    return Response(body="\n".join([*_resource_lines(stats), ""]).encode(), content_type=TEXT)


def _resource_lines(stats: Sequence[ContainerStats]) -> Iterator[str]:
    yield "# TYPE node_cpu_usage_seconds_total counter"
    yield f"node_cpu_usage_seconds_total {node_cpu() / 1e9}"
    yield "# TYPE node_memory_working_set_bytes gauge"
    yield f"node_memory_working_set_bytes {node_memory()}"
    yield "# TYPE container_cpu_usage_seconds_total counter"
    for each in stats:
        milliseconds = int(each.timestamp.timestamp() * 1000)
        yield f"container_cpu_usage_seconds_total{_labels(each)} {each.cpu_nanoseconds / 1e9} {milliseconds}"
    yield "# TYPE container_memory_working_set_bytes gauge"
    for each in stats:
        milliseconds = int(each.timestamp.timestamp() * 1000)
        yield f"container_memory_working_set_bytes{_labels(each)} {each.memory_working_set} {milliseconds}"


def _labels(stats: ContainerStats) -> str:
    labels = stats.labels
    pairs = {
        "container": labels.get(identity.CONTAINER_NAME, stats.name),
        "namespace": labels.get(identity.POD_NAMESPACE, ""),
        "pod": labels.get(identity.POD_NAME, ""),
    }
    return "{" + ",".join(f'{name}="{value}"' for name, value in pairs.items()) + "}"


def node_cpu() -> int:
    """Nanoseconds that all processors have worked since the host was started."""
    words = Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]
    user, nice, system, _, _, irq, softirq, *_ = map(int, words)
    return (user + nice + system + irq + softirq) * (10**9 // TICKS)


def node_memory() -> int:
    info = memory_info(Path("/proc/meminfo").read_text())
    return info.get("MemTotal", 0) - info.get("MemAvailable", 0)
