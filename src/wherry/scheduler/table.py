"""NodeTable: all nodes as columns: what they offer, what is taken, and what keeps Pods off them.

Rows are changed in place: a placement touches one row, a changed Node one row. Labels become columns of
codes when a plug-in first asks for a key; taints are interned, so that equal sets are judged once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from wherry.api.core.affinity import Taint
from wherry.api.core.node import Node
from wherry.api.core.pod import Pod
from wherry.api.core.podresources import UNIT, pod_requests
from wherry.machinery import quantity

Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

CPU, MEMORY, STORAGE, PODS = 0, 1, 2, 3
BASIC = ("cpu", "memory", "ephemeral-storage", "pods")
SCORED = [CPU, MEMORY]
NO_CODE = -1
# What a container that asks for nothing counts for when nodes are compared, as upstream has it.
DEFAULT_MILLI_CPU = 100
DEFAULT_MEMORY = 200 * 1024 * 1024

Port = tuple[str, str, int]  # address, protocol, number


def amount(resource: str, text: str) -> int:
    """A quantity in the table's units: thousandths of a core, else whole units."""
    found = quantity.parse(text)
    return found.milli if resource == "cpu" else found.value


class NodeTable:
    """Columns over `len(self)` nodes. Arrays handed out are views: read them before the next change."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.rows: dict[str, int] = {}
        self.resources: list[str] = list(BASIC)
        self._columns = {name: column for column, name in enumerate(BASIC)}
        self._allocatable: Ints = np.zeros((16, len(BASIC)), np.int64)
        self._requested: Ints = np.zeros((16, len(BASIC)), np.int64)
        self._scored: Ints = np.zeros(
            (16, 2), np.int64
        )  # requested, with defaults for those that ask nothing
        self._unschedulable: Mask = np.zeros(16, np.bool_)
        self._taints: Ints = np.zeros(16, np.int64)
        self.taint_sets: list[tuple[Taint, ...]] = [()]
        self._taint_codes: dict[tuple[Taint, ...], int] = {(): 0}
        self.nodes: list[Node] = []
        self.ports: list[Counter[Port]] = []
        self._labels: dict[str, Ints] = {}
        self._values: dict[str, dict[str, int]] = {}

    def __len__(self) -> int:
        return len(self.names)

    # columns

    @property
    def allocatable(self) -> Ints:
        return self._allocatable[: len(self)]

    @property
    def requested(self) -> Ints:
        return self._requested[: len(self)]

    @property
    def scored(self) -> Ints:
        return self._scored[: len(self)]

    @property
    def unschedulable(self) -> Mask:
        return self._unschedulable[: len(self)]

    @property
    def taints(self) -> Ints:
        """For each node the code of its set of taints: an index into `taint_sets`."""
        return self._taints[: len(self)]

    def column(self, resource: str) -> int:
        """The column of a resource; a new one where nobody has spoken of it before."""
        found = self._columns.get(resource)
        if found is None:
            found = self._columns[resource] = len(self.resources)
            self.resources.append(resource)
            self._allocatable = np.pad(self._allocatable, ((0, 0), (0, 1)))
            self._requested = np.pad(self._requested, ((0, 0), (0, 1)))
        return found

    def label(self, key: str) -> Ints:
        """For each node the code of its value of a label; NO_CODE where it has none."""
        if key not in self._labels:
            self._values[key] = {}
            self._labels[key] = np.full(len(self._taints), NO_CODE, np.int64)
            for row, node in enumerate(self.nodes):
                self._labels[key][row] = self._code(key, node)
        return self._labels[key][: len(self)]

    def values(self, key: str) -> Mapping[str, int]:
        """Codes of the values that a label has anywhere. Call `label` first."""
        return self._values[key]

    # changes

    def put(self, node: Node) -> int:
        """Add a node, or take over what changed in it. What is requested on it stays."""
        name = node.metadata.name
        row = self.rows.get(name)
        if row is None:
            row = self._append(name, node)
        self.nodes[row] = node
        wanted = [
            (self.column(resource), amount(resource, text))
            for resource, text in node.status.allocatable.items()
        ]
        self._allocatable[row] = 0
        for column, value in wanted:
            self._allocatable[row, column] = value
        self._unschedulable[row] = node.spec.unschedulable
        self._taints[row] = self._taint_code(node.spec.taints)
        for key, column_ in self._labels.items():
            column_[row] = self._code(key, node)
        return row

    def remove(self, name: str) -> None:
        """Take a node out; the last one moves into its row."""
        row = self.rows.pop(name, None)
        if row is None:
            return
        last = len(self.names) - 1
        if row != last:
            self._move(last, row)
        self.names.pop()
        self.nodes.pop()
        self.ports.pop()

    def add(self, row: int, requests: Ints, scored: Ints, ports: Sequence[Port], sign: int = 1) -> None:
        """Count a Pod in on a node, or out of it with `sign` -1."""
        self._requested[row, : len(requests)] += sign * requests
        self._scored[row] += sign * scored
        if sign > 0:
            self.ports[row].update(ports)
        else:
            self.ports[row].subtract(ports)
            self.ports[row] += Counter()  # drops what is zero

    def _append(self, name: str, node: Node) -> int:
        row = len(self.names)
        if row == len(self._taints):
            self._grow()
        self.names.append(name)
        self.nodes.append(node)
        self.ports.append(Counter())
        self.rows[name] = row
        self._requested[row] = 0
        self._scored[row] = 0
        return row

    def _grow(self) -> None:
        size = len(self._taints)
        more = ((0, size), (0, 0))
        self._allocatable = np.pad(self._allocatable, more)
        self._requested = np.pad(self._requested, more)
        self._scored = np.pad(self._scored, more)
        self._unschedulable = np.pad(self._unschedulable, (0, size))
        self._taints = np.pad(self._taints, (0, size))
        self._labels = {
            key: np.pad(each, (0, size), constant_values=NO_CODE) for key, each in self._labels.items()
        }

    def _move(self, source: int, target: int) -> None:
        arrays: list[Any] = [
            self._allocatable,
            self._requested,
            self._scored,
            self._unschedulable,
            self._taints,
        ]
        for array in (*arrays, *self._labels.values()):
            array[target] = array[source]
        self.names[target] = self.names[source]
        self.nodes[target] = self.nodes[source]
        self.ports[target] = self.ports[source]
        self.rows[self.names[target]] = target

    def _taint_code(self, taints: tuple[Taint, ...]) -> int:
        code = self._taint_codes.get(taints)
        if code is None:
            code = self._taint_codes[taints] = len(self.taint_sets)
            self.taint_sets.append(taints)
        return code

    def _code(self, key: str, node: Node) -> int:
        value = node.metadata.labels.get(key)
        if value is None:
            return NO_CODE
        codes = self._values[key]
        return codes.setdefault(value, len(codes))


class PodRow:
    """A Pod as plug-ins see it: its requests as a row of the table's columns, its ports."""

    __slots__ = ("pod", "ports", "requests", "scored")

    def __init__(self, pod: Pod, table: NodeTable) -> None:
        self.pod = pod
        self.ports = ports_of(pod)
        wanted = requests_of(pod)
        columns = [(table.column(resource), value) for resource, value in wanted.items()]
        self.requests: Ints = np.zeros(len(table.resources), np.int64)
        for column, value in columns:
            self.requests[column] = value
        self.requests[PODS] = 1
        self.scored: Ints = np.array(scored_of(pod), np.int64)


def requests_of(pod: Pod) -> dict[str, int]:
    """What a Pod needs, in the table's units, rounded up."""
    return {
        resource: -(-nanos // (UNIT // 1000 if resource == "cpu" else UNIT))
        for resource, nanos in pod_requests(pod).items()
    }


def scored_of(pod: Pod) -> tuple[int, int]:
    cpu = memory = 0
    for container in pod.spec.containers:
        requests = container.resources.requests
        cpu += amount("cpu", requests["cpu"]) if "cpu" in requests else DEFAULT_MILLI_CPU
        memory += amount("memory", requests["memory"]) if "memory" in requests else DEFAULT_MEMORY
    return cpu, memory


def ports_of(pod: Pod) -> tuple[Port, ...]:
    return tuple(
        (port.hostIP or "0.0.0.0", port.protocol, port.hostPort)
        for container in pod.spec.containers
        for port in container.ports
        if port.hostPort
    )
