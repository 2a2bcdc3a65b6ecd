"""DaemonSet: one Pod on every fitting node."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from wherry.api.apps.validation import validate_workload
from wherry.api.columns import AGE, NAME, column, containers, labels_text, selector
from wherry.api.core.podtemplate import PodTemplateSpec
from wherry.api.registry import resource
from wherry.api.rules import amount, validate_counts, validate_share
from wherry.machinery.errors import FieldError, invalid, not_supported, required
from wherry.machinery.meta import LabelSelector, Object
from wherry.machinery.schema import Int32, Int64, IntOrString, ListMap, Merge, Part, Time, Tree, Written


class DaemonSetCondition(Part):
    lastTransitionTime: Time = ""
    message: str = ""
    reason: str = ""
    status: str = ""
    type: str = ""


class RollingUpdateDaemonSet(Part):
    maxSurge: IntOrString | None = None
    maxUnavailable: IntOrString | None = None


class DaemonSetUpdateStrategy(Part):
    rollingUpdate: RollingUpdateDaemonSet | None = None
    type: str = "RollingUpdate"

    @staticmethod
    def complete(tree: Tree) -> None:
        if tree["type"] == "RollingUpdate":
            rolling = tree.setdefault("rollingUpdate", {})
            rolling.setdefault("maxUnavailable", 1)
            rolling.setdefault("maxSurge", 0)


class DaemonSetSpec(Part):
    minReadySeconds: Int32 | None = None
    revisionHistoryLimit: Int32 = 10
    selector: LabelSelector = LabelSelector()
    template: PodTemplateSpec = PodTemplateSpec()
    updateStrategy: DaemonSetUpdateStrategy = DaemonSetUpdateStrategy()

    @staticmethod
    def complete(tree: Tree) -> None:
        if "updateStrategy" not in tree:
            tree["updateStrategy"] = {"type": "RollingUpdate"}
            DaemonSetUpdateStrategy.complete(tree["updateStrategy"])


class DaemonSetStatus(Part):
    collisionCount: Int32 = 0
    conditions: Annotated[tuple[DaemonSetCondition, ...], ListMap("type"), Merge("merge", "type")] = ()
    currentNumberScheduled: Annotated[Int32, Written()] = 0
    desiredNumberScheduled: Annotated[Int32, Written()] = 0
    numberAvailable: Int32 = 0
    numberMisscheduled: Annotated[Int32, Written()] = 0
    numberReady: Annotated[Int32, Written()] = 0
    numberUnavailable: Int32 = 0
    observedGeneration: Int64 = 0
    updatedNumberScheduled: Int32 = 0


GENERATION = "deprecated.daemonset.template.generation"


def prepare(tree: Tree, old: Tree | None) -> None:
    """An annotation counts the changes of the template, as a field of older versions did."""
    annotations = tree["metadata"].setdefault("annotations", {})
    if old is None:
        annotations[GENERATION] = "1"
        return
    before = (old["metadata"].get("annotations") or {}).get(GENERATION, "0")
    changed = tree.get("spec", {}).get("template") != old.get("spec", {}).get("template")
    annotations[GENERATION] = str(int(before) + changed)


def _validate_strategy(strategy: DaemonSetUpdateStrategy, path: str) -> Iterator[FieldError]:
    if strategy.type == "OnDelete":
        return
    if strategy.type != "RollingUpdate":
        yield not_supported(path, strategy, ("RollingUpdate", "OnDelete"))
        return
    where = f"{path}.rollingUpdate"
    rolling = strategy.rollingUpdate
    if rolling is None:
        yield required(where)
        return
    yield from validate_share(rolling.maxUnavailable, f"{where}.maxUnavailable", at_most_all=True)
    yield from validate_share(rolling.maxSurge, f"{where}.maxSurge", at_most_all=True)
    unavailable, surge = amount(rolling.maxUnavailable), amount(rolling.maxSurge)
    if unavailable and surge:
        detail = "may not be set when maxUnavailable is non-zero"
        yield invalid(f"{where}.maxSurge", rolling.maxSurge, detail)
    elif not unavailable and not surge:
        yield required(f"{where}.maxUnavailable", "cannot be 0 when maxSurge is 0")


def validate(new: DaemonSet, old: DaemonSet | None) -> Iterator[FieldError]:
    yield from validate_counts(new.spec, "spec", "minReadySeconds", "revisionHistoryLimit")
    yield from validate_workload(new, old)
    yield from _validate_strategy(new.spec.updateStrategy, "spec.updateStrategy")


@resource(
    "apps/v1",
    "daemonsets",
    validate=validate,
    prepare=prepare,
    columns=(
        NAME,
        column("Desired", lambda found: found.status.desiredNumberScheduled, "integer"),
        column("Current", lambda found: found.status.currentNumberScheduled, "integer"),
        column("Ready", lambda found: found.status.numberReady, "integer"),
        column("Up-to-date", lambda found: found.status.updatedNumberScheduled, "integer"),
        column("Available", lambda found: found.status.numberAvailable, "integer"),
        column("Node Selector", lambda found: labels_text(found.spec.template.spec.nodeSelector)),
        AGE,
        *containers(lambda found: found.spec.template),
        selector(lambda found: found.spec.selector),
    ),
    generation=True,
)
class DaemonSet(Object):
    spec: DaemonSetSpec = DaemonSetSpec()
    status: DaemonSetStatus = DaemonSetStatus()
