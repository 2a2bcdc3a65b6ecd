"""CRI answers: that what a runtime says is understood."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from wherry.node.runtimes.cri import answers, containers, node, parts, sandboxes
from wherry.node.runtimes.interface import ContainerState, Handler, SandboxState


def test_zero_is_no_time() -> None:
    assert answers.moment(0) is None
    assert answers.moment(1_500_000_000_123_456_789) == datetime(2017, 7, 14, 2, 40, 0, 123456, tzinfo=UTC)


def test_a_sandbox_shows_its_addresses_and_its_network_namespace() -> None:
    spec = {"linux": {"namespaces": [{"type": "ipc"}, {"type": "network", "path": "/run/netns/x"}]}}
    status = sandboxes.PodSandboxStatus(
        id="s",
        state=sandboxes.SANDBOX_NOTREADY,
        network=sandboxes.PodSandboxNetworkStatus(
            ip="10.0.0.2", additional_ips=(sandboxes.PodIP(ip="fd00::2"),)
        ),
    )
    seen = answers.sandbox_status(
        sandboxes.PodSandboxStatusResponse(
            status=status, info={"info": json.dumps({"pid": 7, "runtimeSpec": spec})}
        )
    )
    assert seen.ips == ("10.0.0.2", "fd00::2")
    assert (seen.netns, seen.pid, seen.state) == ("/run/netns/x", 7, SandboxState.NOT_READY)


def test_a_runtime_without_extra_information_is_understood_too() -> None:
    seen = answers.sandbox_status(sandboxes.PodSandboxStatusResponse())
    assert (seen.ips, seen.netns, seen.pid) == ((), "", 0)


def test_a_container_tells_how_it_ended() -> None:
    status = containers.ContainerStatus(
        id="c",
        state=containers.CONTAINER_EXITED,
        exit_code=-1,
        reason="OOMKilled",
        finished_at=10**9,
        mounts=(parts.Mount(container_path="/a", propagation=1),),
        resources=containers.ContainerResources(linux=parts.LinuxContainerResources(cpu_shares=2)),
    )
    seen = answers.container_status(containers.ContainerStatusResponse(status=status))
    assert (seen.state, seen.exit_code, seen.reason) == (ContainerState.EXITED, -1, "OOMKilled")
    assert seen.finished_at == datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)
    assert seen.started_at is None
    assert seen.resources is not None
    assert seen.resources.cpu_shares == 2


def test_what_is_not_ready_says_why() -> None:
    conditions = (
        node.RuntimeCondition(type="RuntimeReady", status=True),
        node.RuntimeCondition(type="NetworkReady", reason="NotReady", message="no network config"),
    )
    features = node.RuntimeHandlerFeatures(recursive_read_only_mounts=True)
    answer = node.StatusResponse(
        status=node.RuntimeStatus(conditions=conditions),
        runtime_handlers=(node.RuntimeHandler(features=features),),
    )
    seen = answers.runtime_status(answer, "systemd")
    assert (seen.ready, seen.network_ready, seen.cgroup_driver) == (True, False, "systemd")
    assert seen.message == "NetworkReady: NotReady: no network config"
    assert seen.handlers == (Handler(name="", recursive_read_only_mounts=True),)


SYSTEMD_CONFIG = '{"containerd":{"runtimes":{"runc":{"options":{"SystemdCgroup":true}}}}}'


@pytest.mark.parametrize(
    ("config", "info", "driver"),
    [
        (node.RuntimeConfigResponse(linux=node.LinuxRuntimeConfiguration()), {}, "systemd"),
        (node.RuntimeConfigResponse(linux=node.LinuxRuntimeConfiguration(cgroup_driver=1)), {}, "cgroupfs"),
        (
            None,
            {"config": SYSTEMD_CONFIG},
            "systemd",
        ),
        (None, {"config": '{"containerd":{"runtimes":{"runc":{"options":null}}}}'}, "cgroupfs"),
        (None, {}, "cgroupfs"),
    ],
)
def test_the_cgroup_driver_is_told_or_found_in_the_configuration(
    config: node.RuntimeConfigResponse | None, info: dict[str, str], driver: str
) -> None:
    assert answers.cgroup_driver(config, info) == driver
