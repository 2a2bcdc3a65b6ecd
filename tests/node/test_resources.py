"""Resources: what pods ask for is what the kernel enforces, and where."""

from __future__ import annotations

import msgspec
import pytest

from wherry.api.core.pod import Pod
from wherry.node.resources import Machine, cgroup_parent, container_resources, insufficient, qos_class


def pod(
    *containers: dict[str, dict[str, str]], inits: tuple[dict[str, object], ...] = (), **spec: object
) -> Pod:
    tree = {
        "metadata": {"name": "p", "uid": "a-b"},
        "spec": {
            "containers": [{"name": f"c{n}", "resources": each} for n, each in enumerate(containers)],
            "initContainers": [{"name": f"i{n}", **each} for n, each in enumerate(inits)],
            **spec,
        },
    }
    return msgspec.convert(tree, Pod)


FULL = {"limits": {"cpu": "1", "memory": "1Gi"}}


@pytest.mark.parametrize(
    ("parts", "qos"),
    [
        (({},), "BestEffort"),
        ((FULL,), "Guaranteed"),
        (({**FULL, "requests": {"cpu": "1000m"}},), "Guaranteed"),
        (({**FULL, "requests": {"cpu": "500m"}},), "Burstable"),
        ((FULL, {}), "Burstable"),
        (({"requests": {"memory": "1Mi"}},), "Burstable"),
        (({"requests": {"example.com/gpu": "1"}},), "BestEffort"),
    ],
)
def test_quality_of_service(parts: tuple[dict[str, dict[str, str]], ...], qos: str) -> None:
    assert qos_class(pod(*parts)) == qos


def test_a_limit_alone_is_a_request_too() -> None:
    one = pod({"limits": {"cpu": "500m", "memory": "64Mi"}})
    found = container_resources(one.spec.containers[0], one, Machine())
    assert (found.cpu_shares, found.cpu_quota, found.cpu_period) == (512, 50_000, 100_000)
    assert found.memory_limit == 64 << 20


def test_who_asks_for_nothing_is_killed_first() -> None:
    machine = Machine(memory=1000 << 20)

    def score(each: dict[str, dict[str, str]]) -> int:
        one = pod(each)
        return container_resources(one.spec.containers[0], one, machine).oom_score_adj

    assert score({}) == 1000
    assert score(FULL) == -997
    assert score({"requests": {"memory": "250Mi"}}) == 750


def test_cgroups_by_quality_of_service() -> None:
    assert cgroup_parent(pod({}), "/wherry") == "/wherry/besteffort/poda-b"
    assert cgroup_parent(pod(FULL), "/wherry") == "/wherry/poda-b"
    assert cgroup_parent(pod({}), "/wherry", "systemd") == "wherry-besteffort-poda_b.slice"


def test_a_full_node_says_what_it_lacks() -> None:
    node = {"cpu": "2", "memory": "4Gi", "pods": "2"}
    half = pod({"requests": {"cpu": "1500m"}})
    assert insufficient(half, [], node) is None
    assert insufficient(half, [half], node) == (
        "OutOfcpu",
        "Pod was rejected: Node didn't have enough resource: "
        "cpu, requested: 1500, used: 1500, capacity: 2000",
    )
    reason = insufficient(pod({}), [pod({}), pod({})], node)
    assert reason is not None
    assert reason[0] == "OutOfpods"
