"""Pod updates: what of a Pod may change once it is there; each subresource has a rule of its own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import msgspec

from wherry.api.core.affinity import Affinity, NodeAffinity, NodeSelector, Toleration
from wherry.api.core.container import Container
from wherry.api.core.poddefaults import qos_class
from wherry.machinery.differences import difference
from wherry.machinery.errors import FieldError, forbidden, invalid
from wherry.machinery.schema import edit

if TYPE_CHECKING:
    from wherry.api.core.pod import Pod, PodSpec  # which imports this module

ONLY = (
    "pod updates may not change fields other than `spec.containers[*].image`,"
    "`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,"
    "`spec.tolerations` (only additions to existing tolerations),"
    "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)"
)
RESIZABLE = ("cpu", "memory")


def validate_update(new: Pod, old: Pod) -> Iterator[FieldError]:
    """An update of the Pod itself."""
    if new.spec == old.spec:
        return
    for field in ("containers", "initContainers"):
        if len(getattr(new.spec, field)) != len(getattr(old.spec, field)):
            yield forbidden(f"spec.{field}", "pod updates may not add or remove containers")
            return
    yield from _validate_deadline(new.spec.activeDeadlineSeconds, old.spec.activeDeadlineSeconds)
    yield from _validate_tolerations(new.spec.tolerations, old.spec.tolerations)
    gates = {gate.name for gate in old.spec.schedulingGates}
    for index, gate in enumerate(new.spec.schedulingGates):
        if gate.name not in gates:
            detail = f"only deletion is allowed, but found new scheduling gate '{gate.name}'"
            yield forbidden(f"spec.schedulingGates[{index}].name", detail)
    rest = _with_old_values(new.spec, old.spec)
    if rest != old.spec:
        yield forbidden("spec", f"{ONLY}\n{difference(old.spec, rest)}\n")


def _validate_deadline(new: int | None, old: int | None) -> Iterator[FieldError]:
    if old is None:
        return
    if new is None:
        yield invalid(
            "spec.activeDeadlineSeconds", None, "must not update from a positive integer to nil value"
        )
    elif new > old:
        yield invalid("spec.activeDeadlineSeconds", new, "must be less than or equal to previous value")


def _validate_tolerations(new: tuple[Toleration, ...], old: tuple[Toleration, ...]) -> Iterator[FieldError]:
    kept = {(each.key, each.operator, each.value, each.effect) for each in new}
    if any((each.key, each.operator, each.value, each.effect) not in kept for each in old):
        detail = "existing toleration can not be modified except its tolerationSeconds"
        yield forbidden("spec.tolerations", detail)


def _with_old_values(new: PodSpec, old: PodSpec) -> PodSpec:
    """`new` with the old values of all that may change."""
    changes: dict[str, Any] = {
        "containers": _with_old_images(new.containers, old.containers),
        "initContainers": _with_old_images(new.initContainers, old.initContainers),
        "activeDeadlineSeconds": old.activeDeadlineSeconds,
        "tolerations": old.tolerations,
        "schedulingGates": old.schedulingGates,
    }
    if old.terminationGracePeriodSeconds < 0 and new.terminationGracePeriodSeconds == 1:
        changes["terminationGracePeriodSeconds"] = old.terminationGracePeriodSeconds
    if old.schedulingGates:
        # Nobody has looked for a node yet: where the Pod may go can still be narrowed.
        if old.nodeSelector.items() <= new.nodeSelector.items():
            changes["nodeSelector"] = old.nodeSelector
        if _narrows(new.affinity, old.affinity):
            changes["affinity"] = old.affinity
    return edit(new, **changes)


def _with_old_images(new: tuple[Container, ...], old: tuple[Container, ...]) -> tuple[Container, ...]:
    return tuple(edit(mine, image=theirs.image) for mine, theirs in zip(new, old, strict=True))


def _narrows(new: Affinity | None, old: Affinity | None) -> bool:
    """Only the node affinity differs, and its required terms admit no node that they did not admit before."""
    mine, theirs = new or Affinity(), old or Affinity()
    if (mine.podAffinity, mine.podAntiAffinity) != (theirs.podAffinity, theirs.podAntiAffinity):
        return False
    after = (mine.nodeAffinity or NodeAffinity()).requiredDuringSchedulingIgnoredDuringExecution
    before = (theirs.nodeAffinity or NodeAffinity()).requiredDuringSchedulingIgnoredDuringExecution
    if before is None:
        return True
    return after is not None and _terms_narrow(after, before)


def _terms_narrow(new: NodeSelector, old: NodeSelector) -> bool:
    if len(new.nodeSelectorTerms) != len(old.nodeSelectorTerms):
        return False
    return all(
        all(each in mine.matchExpressions for each in theirs.matchExpressions)
        and all(each in mine.matchFields for each in theirs.matchFields)
        for mine, theirs in zip(new.nodeSelectorTerms, old.nodeSelectorTerms, strict=True)
    )


def validate_ephemeral(new: Pod, old: Pod) -> Iterator[FieldError]:
    """An update of pods/ephemeralcontainers: new ones may come, and that is all."""
    found = {container.name: container for container in new.spec.ephemeralContainers}
    for container in old.spec.ephemeralContainers:
        if container.name not in found:
            detail = f'existing ephemeral containers "{container.name}" may not be removed'
            yield forbidden("spec.ephemeralContainers", detail + "\n")
        elif found[container.name] != container:
            changes = difference(container, found[container.name])
            detail = f'existing ephemeral containers "{container.name}" may not be changed'
            yield forbidden("spec.ephemeralContainers", f"{detail}\n{changes}\n")


def validate_resize(new: Pod, old: Pod) -> Iterator[FieldError]:
    """An update of pods/resize: amounts of cpu and memory, within the same quality of service."""
    for field in ("containers", "initContainers"):
        mine, theirs = getattr(new.spec, field), getattr(old.spec, field)
        if [each.name for each in mine] != [each.name for each in theirs]:
            yield forbidden(f"spec.{field}", "containers may not be added or removed on resize")
            return
        for index, (after, before) in enumerate(zip(mine, theirs, strict=True)):
            yield from _validate_amounts(after, before, f"spec.{field}[{index}].resources")
    if _quality(new) != _quality(old):
        yield invalid("spec", new.status.qosClass, "Pod QOS Class may not change as a result of resizing")


def _quality(pod: Pod) -> str:
    return qos_class(msgspec.to_builtins(pod.spec))


def _validate_amounts(new: Container, old: Container, path: str) -> Iterator[FieldError]:
    for kind, word in (("limits", "resource limits"), ("requests", "resource requests")):
        after, before = getattr(new.resources, kind), getattr(old.resources, kind)
        for name in {**after, **before}:
            if after.get(name) == before.get(name):
                continue
            if name not in RESIZABLE:
                yield forbidden("spec", "only cpu and memory resources are mutable")
            elif name not in after:
                yield forbidden(f"{path}.{kind}", f"{word} cannot be removed")


def validate_status(new: Pod, old: Pod) -> Iterator[FieldError]:
    """An update of pods/status: what is over stays over."""
    if new.spec.restartPolicy == "Always":
        return
    before = {status.name: status for status in old.status.containerStatuses}
    rules = {
        container.name
        for container in new.spec.containers
        if container.restartPolicy or container.restartPolicyRules
    }
    for index, status in enumerate(new.status.containerStatuses):
        ended = before.get(status.name)
        if ended is None or ended.state is None or ended.state.terminated is None or status.name in rules:
            continue
        if new.spec.restartPolicy == "OnFailure" and ended.state.terminated.exitCode != 0:
            continue
        if status.state is None or status.state.terminated is None:
            detail = "may not be transitioned to non-terminated state"
            yield forbidden(f"status.containerStatuses[{index}].state", detail)
