"""Pod defaults: what follows for a Pod from what it says. On JSON trees, in place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from wherry.machinery import quantity
from wherry.machinery.quantity import Quantity
from wherry.machinery.schema import Tree

POD_LEVEL = frozenset(("cpu", "memory"))


def complete_pod(tree: Tree) -> None:
    """What is filled in for Pods, but not for the templates they are made from."""
    spec = tree.get("spec")
    if spec is None:
        return
    spec.setdefault("enableServiceLinks", True)
    for container in containers_of(spec):
        resources = container.get("resources")
        if resources and resources.get("limits"):
            requests = resources.setdefault("requests", {})
            for name, limit in resources["limits"].items():
                requests.setdefault(name, limit)
    if spec.get("hostNetwork"):
        for container in containers_of(spec):
            for port in container.get("ports") or ():
                if not port.get("hostPort"):
                    port["hostPort"] = port.get("containerPort", 0)
    if spec.get("resources"):
        _complete_pod_resources(spec)


def complete_spec(spec: Tree) -> None:
    """What is filled in for Pods and templates."""
    spec.setdefault("securityContext", {})
    account = spec.get("serviceAccountName") or spec.get("serviceAccount")
    if account:
        spec["serviceAccountName"] = spec["serviceAccount"] = account


def complete_container(container: Tree) -> None:
    if not container.get("imagePullPolicy"):
        container["imagePullPolicy"] = pull_policy(container.get("image", ""))
    container.setdefault("resources", {})


def pull_policy(image: str) -> str:
    """Always for what may be another image tomorrow: the tag `latest`, or none."""
    name, _, digest = image.partition("@")
    if digest:
        return "IfNotPresent"
    _, colon, tag = name.rpartition("/")[2].partition(":")
    return "Always" if not colon or tag == "latest" else "IfNotPresent"


def containers_of(spec: Tree) -> Iterator[Tree]:
    """Init containers and main containers."""
    yield from spec.get("initContainers") or ()
    yield from spec.get("containers") or ()


def _is_pod_level(name: str) -> bool:
    return name in POD_LEVEL or name.startswith("hugepages-")


def _complete_pod_resources(spec: Tree) -> None:
    """Requests of the whole Pod: the sum of its containers', else its limits."""
    resources = spec["resources"]
    limits, requests = resources.get("limits") or {}, resources.get("requests") or {}
    wanted = _aggregate(spec, "requests")
    for name, limit in limits.items():
        if _is_pod_level(name) and name not in requests:
            requests[name] = str(wanted[name]) if name in wanted else limit
    for name, amount in _aggregate(spec, "limits").items():
        if name.startswith("hugepages-") and name not in limits and name not in requests:
            limits[name] = requests[name] = str(amount)
    if limits:
        resources["limits"] = limits
    if requests:
        resources["requests"] = requests


def _aggregate(spec: Tree, kind: str) -> dict[str, Quantity]:
    """What a Pod's containers ask for together.

    Main containers and sidecars run side by side; other init containers run before, one at a time,
    beside the sidecars that were started already.
    """
    total = _sum([_amounts(container, kind) for container in spec.get("containers") or ()])
    sidecars: dict[str, Quantity] = {}
    peak: dict[str, Quantity] = {}
    for init in spec.get("initContainers") or ():
        amounts = _amounts(init, kind)
        if init.get("restartPolicy") == "Always":
            sidecars = _sum([sidecars, amounts])
            peak = _largest(peak, sidecars)
        else:
            peak = _largest(peak, _sum([sidecars, amounts]))
    return _largest(_sum([total, sidecars]), peak)


def _amounts(container: Tree, kind: str) -> dict[str, Quantity]:
    amounts = (container.get("resources") or {}).get(kind) or {}
    return {name: quantity.parse(text) for name, text in amounts.items()}


def _sum(parts: list[dict[str, Quantity]]) -> dict[str, Quantity]:
    total: dict[str, Quantity] = {}
    for part in parts:
        for name, amount in part.items():
            total[name] = total[name] + amount if name in total else amount
    return total


def _largest(first: Mapping[str, Quantity], second: Mapping[str, Quantity]) -> dict[str, Quantity]:
    return {
        name: max(found for found in (first.get(name), second.get(name)) if found is not None)
        for name in {**first, **second}
    }


def qos_class(spec: Tree) -> str:
    """Guaranteed, Burstable or BestEffort: how much of what a Pod may use it has also asked for."""
    parts = [container.get("resources") or {} for container in containers_of(spec)]
    pod_level = spec.get("resources") or {}
    if pod_level.get("requests") or pod_level.get("limits"):
        parts = [pod_level]
    pairs = [(_compute(part.get("requests")), _compute(part.get("limits"))) for part in parts]
    if not any(requests or limits for requests, limits in pairs):
        return "BestEffort"
    for requests, limits in pairs:
        if limits.keys() != POD_LEVEL or {**limits, **requests} != limits:
            return "Burstable"
    return "Guaranteed"


def _compute(amounts: Mapping[str, str] | None) -> dict[str, Quantity]:
    """Amounts of cpu and memory that are not nothing."""
    if not amounts:
        return {}
    found = {name: quantity.parse(text) for name, text in amounts.items() if name in POD_LEVEL}
    return {name: amount for name, amount in found.items() if amount}


def prepare_pod(tree: Tree, old: Tree | None) -> None:
    """A new Pod's status says nothing but that it waits, and its quality of service."""
    spec = tree.setdefault("spec", {})
    if old is not None:
        return
    status: Tree = {"phase": "Pending", "qosClass": qos_class(spec)}
    if spec.get("schedulingGates"):
        status["conditions"] = [_gated(tree)]
    tree["status"] = status
    _merge_match_label_keys(spec, tree.get("metadata", {}).get("labels") or {})


def _gated(tree: Tree) -> Tree:
    return {
        "type": "PodScheduled",
        "status": "False",
        "reason": "SchedulingGated",
        "message": "Scheduling is blocked due to non-empty scheduling gates",
        "lastTransitionTime": tree.get("metadata", {}).get("creationTimestamp", ""),
    }


def _merge_match_label_keys(spec: Tree, labels: Mapping[str, str]) -> None:
    """Label keys to match become requirements of the selector, with the Pod's own values."""
    affinity = spec.get("affinity") or {}
    for kind in ("podAffinity", "podAntiAffinity"):
        found = affinity.get(kind) or {}
        for term in found.get("requiredDuringSchedulingIgnoredDuringExecution") or ():
            _match(term, "matchLabelKeys", "In", labels)
            _match(term, "mismatchLabelKeys", "NotIn", labels)
        for weighted in found.get("preferredDuringSchedulingIgnoredDuringExecution") or ():
            term = weighted.get("podAffinityTerm") or {}
            _match(term, "matchLabelKeys", "In", labels)
            _match(term, "mismatchLabelKeys", "NotIn", labels)
    for constraint in spec.get("topologySpreadConstraints") or ():
        _match(constraint, "matchLabelKeys", "In", labels)


def _match(term: Tree, keys: str, operator: str, labels: Mapping[str, str]) -> None:
    if term.get("labelSelector") is None:
        return
    for key in term.get(keys) or ():
        if key in labels:
            requirement = {"key": key, "operator": operator, "values": [labels[key]]}
            term["labelSelector"].setdefault("matchExpressions", []).append(requirement)
