"""Pods: what controllers ask of a Pod: is it alive, ready, available; and how one is made from a template."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import msgspec

from wherry.api.core.pod import Pod
from wherry.api.core.podstatus import PodCondition
from wherry.api.core.podtemplate import PodTemplateSpec
from wherry.machinery import times
from wherry.machinery.conditions import find_condition, set_condition
from wherry.machinery.meta import Object, ObjectMeta
from wherry.machinery.ownership import owner_reference


def is_finished(pod: Pod) -> bool:
    return pod.status.phase in ("Succeeded", "Failed")


def is_active(pod: Pod) -> bool:
    """Whether it counts: neither finished nor on its way out."""
    return not is_finished(pod) and not pod.metadata.deletionTimestamp


def is_terminating(pod: Pod) -> bool:
    return not is_finished(pod) and bool(pod.metadata.deletionTimestamp)


def ready_condition(pod: Pod) -> PodCondition | None:
    return find_condition(pod.status.conditions, "Ready")


def is_ready(pod: Pod) -> bool:
    for condition in pod.status.conditions:  # the question asked most often of all
        if condition.type == "Ready":
            return condition.status == "True"
    return False


def available_at(pod: Pod, min_ready_seconds: int) -> datetime | None:
    """When the Pod is, or will have been, ready for long enough. None while it is not ready."""
    condition = ready_condition(pod)
    if condition is None or condition.status != "True" or not condition.lastTransitionTime:
        return None
    return times.parse(condition.lastTransitionTime) + timedelta(seconds=min_ready_seconds)


def is_available(pod: Pod, min_ready_seconds: int, now: datetime) -> bool:
    """Whether the Pod has been ready for `min_ready_seconds`; with 0, whether it is ready."""
    if min_ready_seconds == 0:
        return is_ready(pod)
    moment = available_at(pod, min_ready_seconds)
    return moment is not None and moment <= now


def from_template(template: PodTemplateSpec, owner: Object) -> Pod:
    """A new Pod that `owner` controls. The server finds its name."""
    meta = template.metadata
    return Pod(
        metadata=ObjectMeta(
            namespace=owner.metadata.namespace,
            generateName=f"{owner.metadata.name}-",
            labels=meta.labels,
            annotations=meta.annotations,
            finalizers=meta.finalizers,
            ownerReferences=(owner_reference(owner),),
        ),
        spec=template.spec,
    )


DISRUPTION_TARGET = "DisruptionTarget"
NODE = "node"
"""Index of Pods by the node that they are on, "" for those on none."""


def by_node(pod: Pod) -> tuple[str]:
    return (pod.spec.nodeName,)


def disrupted(pod: Pod, condition: PodCondition, now: datetime) -> dict[str, Any]:
    """The Pod's conditions with this one, as part of a merge patch of its status."""
    conditions = set_condition(pod.status.conditions, condition, now)
    return {"conditions": msgspec.to_builtins(conditions)}
