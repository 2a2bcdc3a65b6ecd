"""DeviceTaintRule: keeps Pods off devices."""

from __future__ import annotations

from collections.abc import Iterator

from wherry.api.columns import AGE, NAME, aged, column
from wherry.api.registry import resource
from wherry.api.resource.device import DeviceTaintRuleSpec, DeviceTaintRuleStatus
from wherry.machinery.errors import FieldError, invalid, not_supported, required
from wherry.machinery.meta import Object
from wherry.machinery.names import check_qualified_name
from wherry.machinery.schema import Tree


def prepare(tree: Tree, old: Tree | None) -> None:
    """A taint without a time was added when its rule was."""
    taint = (tree.get("spec") or {}).get("taint")
    if taint is not None and not taint.get("timeAdded"):
        taint["timeAdded"] = tree["metadata"].get("creationTimestamp", "")


def validate(new: DeviceTaintRule, old: DeviceTaintRule | None) -> Iterator[FieldError]:
    taint = new.spec.taint
    for problem in check_qualified_name(taint.key):
        yield invalid("spec.taint.key", taint.key, problem)
    if taint.effect not in EFFECTS:
        yield (
            required("spec.taint.effect")
            if not taint.effect
            else not_supported("spec.taint.effect", taint.effect, EFFECTS)
        )


EFFECTS = ("NoExecute", "NoSchedule", "None")


@resource(
    "resource.k8s.io/v1",
    "devicetaintrules",
    validate=validate,
    prepare=prepare,
    columns=(
        NAME,
        column("Key", lambda found: found.spec.taint.key),
        column("Value", lambda found: found.spec.taint.value),
        column("Effect", lambda found: found.spec.taint.effect),
        aged("TimeAdded", lambda found: found.spec.taint.timeAdded),
        AGE,
    ),
    generation=True,
)
class DeviceTaintRule(Object):
    spec: DeviceTaintRuleSpec = DeviceTaintRuleSpec()
    status: DeviceTaintRuleStatus = DeviceTaintRuleStatus()
