"""Placement as a whole: judged with the real plug-ins over a table of nodes."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from wherry.api.core.affinity import Taint, Toleration
from wherry.api.core.container import Container, ContainerPort, ResourceRequirements
from wherry.api.core.node import Node, NodeSpec, NodeStatus
from wherry.api.core.pod import Pod, PodSpec
from wherry.machinery.meta import ObjectMeta
from wherry.scheduler.framework import explain, judge
from wherry.scheduler.profile import default_profile
from wherry.scheduler.table import NodeTable, PodRow


def node(
    name: str,
    cpu: str = "4",
    memory: str = "8Gi",
    pods: str = "110",
    taints: tuple[Taint, ...] = (),
    **labels: str,
) -> Node:
    return Node(
        metadata=ObjectMeta(name=name, labels={"kubernetes.io/hostname": name, **labels}),
        spec=NodeSpec(taints=taints),
        status=NodeStatus(allocatable={"cpu": cpu, "memory": memory, "pods": pods}),
    )


def pod(requests: Mapping[str, str] | None = None, **spec: object) -> Pod:
    container = Container(name="c", resources=ResourceRequirements(requests=requests or {}))
    fields = {"containers": (container,), **spec}
    return Pod(metadata=ObjectMeta(name="p", namespace="default"), spec=PodSpec(**fields))  # type: ignore[arg-type]


def table(*nodes: Node) -> NodeTable:
    made = NodeTable()
    for each in nodes:
        made.put(each)
    return made


def test_says_for_each_reason_how_many_nodes_it_rules_out() -> None:
    tainted = node("c", taints=(Taint(key="dedicated", value="gpu", effect="NoSchedule"),))
    nodes = table(node("a", cpu="1"), node("b", cpu="1"), tainted)
    verdict = judge(PodRow(pod({"cpu": "2"}), nodes), nodes, default_profile())
    assert not verdict.feasible.any()
    assert explain(len(nodes), verdict.reasons) == (
        "0/3 nodes are available: 1 node(s) had untolerated taint(s) {dedicated: gpu}, 2 Insufficient cpu."
    )


def test_without_nodes_there_is_nothing_to_explain() -> None:
    assert explain(0, {}) == "no nodes available to schedule pods"


def test_a_toleration_lets_a_pod_onto_a_tainted_node() -> None:
    nodes = table(node("a", taints=(Taint(key="k", effect="NoSchedule"),)))
    tolerant = pod(tolerations=(Toleration(key="k", operator="Exists"),))
    assert judge(PodRow(tolerant, nodes), nodes, default_profile()).feasible.all()


def test_a_node_selector_leaves_only_nodes_with_that_label() -> None:
    nodes = table(node("a", disk="ssd"), node("b", disk="hdd"), node("c"))
    verdict = judge(PodRow(pod(nodeSelector={"disk": "ssd"}), nodes), nodes, default_profile())
    assert verdict.feasible.tolist() == [True, False, False]


def test_a_host_port_is_given_once_per_node() -> None:
    nodes = table(node("a"))
    container = Container(name="c", ports=(ContainerPort(containerPort=80, hostPort=80, protocol="TCP"),))
    row = PodRow(pod(containers=(container,)), nodes)
    nodes.add(0, row.requests, row.scored, row.ports)
    assert not judge(row, nodes, default_profile()).feasible.any()
    nodes.add(0, row.requests, row.scored, row.ports, -1)
    assert judge(row, nodes, default_profile()).feasible.all()


@given(st.lists(st.tuples(st.integers(0, 8), st.integers(0, 8)), min_size=1, max_size=40))
def test_a_node_never_holds_more_than_it_has(pairs: list[tuple[int, int]]) -> None:
    nodes = table(*(node(f"n{number}", cpu="2") for number in range(3)))
    for cores, _ in pairs:
        row = PodRow(pod({"cpu": f"{cores * 250}m"}), nodes)
        fits = np.flatnonzero(judge(row, nodes, default_profile()).feasible)
        if len(fits):
            nodes.add(int(fits[0]), row.requests, row.scored, row.ports)
    assert (nodes.requested <= nodes.allocatable).all()


@given(st.lists(st.sampled_from("abcdef"), max_size=40))
def test_rows_stay_with_their_nodes_when_others_come_and_go(names: list[str]) -> None:
    nodes = NodeTable()
    there: dict[str, int] = {}
    for number, name in enumerate(names):
        if name in there:
            nodes.remove(name)
            del there[name]
        else:
            nodes.put(node(name, cpu=str(number + 1), zone=name))
            there[name] = number + 1
    assert set(nodes.names) == set(there)
    for name, cores in there.items():
        row = nodes.rows[name]
        assert nodes.names[row] == name
        assert nodes.allocatable[row, 0] == cores * 1000
        assert nodes.label("zone")[row] == nodes.values("zone")[name]
