"""Priority: turns a Pod's priorityClassName into the number the scheduler compares; one global default."""

from __future__ import annotations

from typing import Any

from wherry.api.registry import resource_for
from wherry.api.scheduling.priorityclass import PriorityClass
from wherry.apiserver.admission import Review
from wherry.apiserver.hub import Hub
from wherry.machinery.errors import Forbidden
from wherry.machinery.schema import Tree


def interested(review: Review) -> bool:
    call = review.call
    if call.subresource:
        return False
    if call.resource.kind == "PriorityClass":
        return review.operation in ("CREATE", "UPDATE")
    return call.resource.kind == "Pod" and not call.resource.group and review.operation == "CREATE"


def admit(tree: Tree, review: Review) -> None:
    if review.call.resource.kind != "Pod":
        return
    spec = tree["spec"]
    name = spec.get("priorityClassName", "")
    found = _named(review.hub, name, review) if name else _default(review.hub)
    if found is not None:
        spec["priorityClassName"] = found.metadata.name
    value = 0 if found is None else found.value
    policy = "PreemptLowerPriority" if found is None else found.preemptionPolicy
    if spec.get("priority") not in (None, value):
        raise _forbidden(
            review,
            f"the integer value of priority ({spec['priority']}) must not be provided in pod spec; "
            f"priority admission controller computed {value} from the given PriorityClass name",
        )
    if spec.get("preemptionPolicy") not in (None, "", policy):
        raise _forbidden(
            review,
            f"the string value of PreemptionPolicy ({spec['preemptionPolicy']}) must not be provided in pod "
            f"spec; priority admission controller computed {policy} from the given PriorityClass name",
        )
    spec["priority"] = value
    spec["preemptionPolicy"] = policy


def check(review: Review) -> None:
    """At most one PriorityClass is the global default."""
    tree = review.tree
    if review.call.resource.kind != "PriorityClass" or tree is None or not tree.get("globalDefault"):
        return
    other = _default(review.hub)
    if other is not None and other.metadata.name != tree["metadata"]["name"]:
        raise _forbidden(
            review,
            f"PriorityClass {other.metadata.name} is already marked as default. Only one default can exist",
        )


def _named(hub: Hub, name: str, review: Review) -> Any:
    entry = hub.cache(resource_for(PriorityClass)).get(name)
    if entry is None:
        raise _forbidden(review, f"no PriorityClass with name {name} was found")
    return entry.typed


def _default(hub: Hub) -> Any:
    defaults = [
        e.typed for e in hub.cache(resource_for(PriorityClass)).entries.values() if e.typed.globalDefault
    ]
    return min(defaults, key=lambda found: found.value, default=None)


def _forbidden(review: Review, why: str) -> Forbidden:
    call = review.call
    return Forbidden(
        f'{call.resource.qualified} "{call.name}" is forbidden: {why}',
        details={"name": call.name, "group": call.resource.group, "kind": call.resource.plural},
    )
