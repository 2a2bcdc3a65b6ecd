"""Downward: what a pod can be told about itself: its fields, and what its containers may use."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from wherry.api.core.container import Container, EphemeralContainer, ResourceFieldSelector
from wherry.api.core.pod import Pod
from wherry.machinery import quantity
from wherry.node.runtimes.interface import Value

_SUBSCRIPT = re.compile(r"(?P<path>[\w.]+)\['(?P<key>.*)'\]")


class UnknownField(Exception):
    """The pod has no such field, or it can't be passed on."""


class Surroundings(Value):
    """What is known about the pod only on its node."""

    node: str = ""
    host_ips: tuple[str, ...] = ()
    pod_ips: tuple[str, ...] = ()
    allocatable: Mapping[str, str] = {}


def field_value(pod: Pod, path: str, around: Surroundings) -> str:
    """The value of a `fieldRef`."""
    meta = pod.metadata
    if match := _SUBSCRIPT.fullmatch(path):
        table = {"metadata.labels": meta.labels, "metadata.annotations": meta.annotations}.get(match["path"])
        if table is None:
            raise UnknownField(f"invalid fieldPath {path}: subscripts work on labels and annotations only")
        return table.get(match["key"], "")
    match path:
        case "metadata.name":
            return meta.name
        case "metadata.namespace":
            return meta.namespace
        case "metadata.uid":
            return meta.uid
        case "metadata.labels":
            return listed(meta.labels)
        case "metadata.annotations":
            return listed(meta.annotations)
        case "spec.nodeName":
            return pod.spec.nodeName or around.node
        case "spec.serviceAccountName":
            return pod.spec.serviceAccountName
        case "status.hostIP":
            return next(iter(around.host_ips), "")
        case "status.hostIPs":
            return ",".join(around.host_ips)
        case "status.podIP":
            return next(iter(around.pod_ips), "")
        case "status.podIPs":
            return ",".join(around.pod_ips)
    raise UnknownField(f"unsupported fieldPath: {path}")


def listed(pairs: Mapping[str, str]) -> str:
    """Labels or annotations as a file: one `key="value"` a line, sorted."""
    return "\n".join(f"{key}={_quoted(value)}" for key, value in sorted(pairs.items()))


_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}


def _quoted(value: str) -> str:
    return '"' + "".join(_ESCAPES.get(char, char) for char in value) + '"'


def resource_value(
    pod: Pod,
    selector: ResourceFieldSelector,
    own: Container | EphemeralContainer | None,
    around: Surroundings,
) -> str:
    """The value of a `resourceFieldRef`: a limit that is not set is what the node can give."""
    container = _named(pod, selector.containerName) if selector.containerName else own
    if container is None:
        raise UnknownField(f"container {selector.containerName} not found")
    part, _, name = selector.resource.partition(".")
    amounts: Mapping[str, str] = getattr(container.resources, part, {})
    text = amounts.get(name)
    if text is None and part == "limits":
        text = around.allocatable.get(name)
    if text is None and part == "requests":
        text = container.resources.limits.get(name)
    amount = quantity.parse(text or "0").nanos
    divisor = quantity.parse(selector.divisor or "1").nanos or 10**9
    return str(-(-amount // divisor))


def _named(pod: Pod, name: str) -> Container | None:
    containers: Sequence[Container] = (*pod.spec.containers, *pod.spec.initContainers)
    return next((container for container in containers if container.name == name), None)
