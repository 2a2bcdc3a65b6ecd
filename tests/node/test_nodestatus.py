"""Node status: ready means that containers and their network are; the rest is the machine's own."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from wherry.api.core.node import NodeCondition, NodeStatus
from wherry.node.config import AgentConfig
from wherry.node.machine import Facts, memory_info, os_name
from wherry.node.nodestatus import image_list, is_same, node_patch, node_status, ready
from wherry.node.runtimes.interface import Image, RuntimeStatus, Version

NOW = datetime(2026, 1, 1, tzinfo=UTC)
CONFIG = AgentConfig(node_name="n1", data_folder=Path("/nowhere"), node_ip="192.0.2.1")
FACTS = Facts(cpus=2, memory=4 << 30, storage=100 << 30)
FINE = RuntimeStatus(ready=True, network_ready=True)


def status(
    runtime: RuntimeStatus | None = FINE, old: NodeStatus = NodeStatus(), now: datetime = NOW
) -> NodeStatus:
    version = Version(name="containerd", version="v1.6.20")
    return node_status(CONFIG, FACTS, version, runtime, (), 10250, old, now)


def test_why_a_node_is_not_ready() -> None:
    assert ready(FINE).status == "True"
    assert ready(None).message == "container runtime is down"
    no_network = RuntimeStatus(ready=True, network_ready=False, message="no conflist")
    assert "NetworkReady=false reason:NetworkPluginNotReady message:no conflist" in ready(no_network).message


def test_a_status_says_what_the_machine_has() -> None:
    found = status()
    assert found.capacity["memory"] == "4194304Ki"
    assert found.allocatable["memory"] == "4091904Ki"
    assert found.nodeInfo is not None
    assert found.nodeInfo.containerRuntimeVersion == "containerd://1.6.20"
    assert {(each.type, each.address) for each in found.addresses} == {
        ("InternalIP", "192.0.2.1"),
        ("Hostname", "n1"),
    }


def test_a_heartbeat_alone_is_no_change() -> None:
    first = status()
    later = status(old=first, now=NOW + timedelta(minutes=1))
    assert is_same(first, later)
    assert later.conditions[0].lastTransitionTime == first.conditions[0].lastTransitionTime
    assert not is_same(later, status(None, old=later))


def test_conditions_of_others_stay() -> None:
    other = NodeCondition(type="NetworkUnavailable", status="False")
    assert other in status(old=NodeStatus(conditions=(other,))).conditions


def test_a_patch_holds_only_what_differs() -> None:
    first = status()
    second = status(None, old=first)
    patched = node_patch(first, second)["status"]
    assert isinstance(patched, dict)
    assert set(patched) <= {"conditions", "images", "runtimeHandlers"}


def test_the_largest_images_come_first() -> None:
    images = [Image(id="a", tags=("a",), size=1), Image(id="b", tags=("b",), size=2), Image(id="c", size=9)]
    assert [each.names for each in image_list(images)] == [("b",), ("a",)]


def test_the_kernels_files_are_read() -> None:
    assert memory_info("MemTotal:  10 kB\nHugePages_Total:  3\n") == {"MemTotal": 10240, "HugePages_Total": 3}
    assert os_name('NAME=x\nPRETTY_NAME="Debian 12"\n') == "Debian 12"
