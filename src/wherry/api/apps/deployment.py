"""Deployment: declares Pods and how to go from one version of them to the next."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from wherry.api.apps.validation import validate_workload
from wherry.api.columns import AGE, NAME, column, containers, selector
from wherry.api.core.podtemplate import PodTemplateSpec
from wherry.api.registry import resource
from wherry.api.rules import NOT_NEGATIVE, amount, validate_counts, validate_share
from wherry.machinery.errors import FieldError, forbidden, invalid, not_supported, required
from wherry.machinery.meta import LabelSelector, Object
from wherry.machinery.schema import Int32, Int64, IntOrString, ListMap, Merge, Part, Time, Tree


class DeploymentCondition(Part):
    lastTransitionTime: Time = ""
    lastUpdateTime: Time = ""
    message: str = ""
    reason: str = ""
    status: str = ""
    type: str = ""


class RollingUpdateDeployment(Part):
    maxSurge: IntOrString | None = None
    maxUnavailable: IntOrString | None = None


class DeploymentStrategy(Part):
    rollingUpdate: RollingUpdateDeployment | None = None
    type: str = "RollingUpdate"

    @staticmethod
    def complete(tree: Tree) -> None:
        if tree["type"] == "RollingUpdate":
            rolling = tree.setdefault("rollingUpdate", {})
            rolling.setdefault("maxUnavailable", "25%")
            rolling.setdefault("maxSurge", "25%")


class DeploymentSpec(Part):
    minReadySeconds: Int32 | None = None
    paused: bool = False
    progressDeadlineSeconds: Int32 = 600
    replicas: Int32 = 1
    revisionHistoryLimit: Int32 = 10
    selector: LabelSelector = LabelSelector()
    strategy: Annotated[DeploymentStrategy, Merge("retainKeys")] = DeploymentStrategy()
    template: PodTemplateSpec = PodTemplateSpec()

    @staticmethod
    def complete(tree: Tree) -> None:
        if "strategy" not in tree:
            tree["strategy"] = {"type": "RollingUpdate"}
            DeploymentStrategy.complete(tree["strategy"])


class DeploymentStatus(Part):
    availableReplicas: Int32 = 0
    collisionCount: Int32 = 0
    conditions: Annotated[tuple[DeploymentCondition, ...], ListMap("type"), Merge("merge", "type")] = ()
    observedGeneration: Int64 = 0
    readyReplicas: Int32 = 0
    replicas: Int32 = 0
    terminatingReplicas: Int32 = 0
    unavailableReplicas: Int32 = 0
    updatedReplicas: Int32 = 0


def _validate_strategy(strategy: DeploymentStrategy, path: str) -> Iterator[FieldError]:
    rolling = strategy.rollingUpdate
    if strategy.type == "Recreate":
        if rolling is not None:
            detail = "may not be specified when strategy `type` is 'Recreate'"
            yield forbidden(f"{path}.rollingUpdate", detail)
        return
    if strategy.type != "RollingUpdate":
        yield not_supported(path, strategy, ("Recreate", "RollingUpdate"))
        return
    if rolling is None:
        yield required(f"{path}.rollingUpdate", "this should be defaulted and never be nil")
        return
    where = f"{path}.rollingUpdate"
    yield from validate_share(rolling.maxUnavailable, f"{where}.maxUnavailable", at_most_all=True)
    yield from validate_share(rolling.maxSurge, f"{where}.maxSurge")
    if amount(rolling.maxUnavailable) == 0 and amount(rolling.maxSurge) == 0:
        detail = "may not be 0 when `maxSurge` is 0"
        yield invalid(f"{where}.maxUnavailable", rolling.maxUnavailable, detail)


def validate(new: Deployment, old: Deployment | None) -> Iterator[FieldError]:
    spec = new.spec
    yield from validate_counts(spec, "spec", "replicas", "minReadySeconds", "revisionHistoryLimit")
    yield from validate_workload(new, old)
    yield from _validate_strategy(spec.strategy, "spec.strategy")
    if spec.progressDeadlineSeconds < 0:
        yield invalid("spec.progressDeadlineSeconds", spec.progressDeadlineSeconds, NOT_NEGATIVE)
    if spec.progressDeadlineSeconds <= (spec.minReadySeconds or 0):
        detail = "must be greater than minReadySeconds"
        yield invalid("spec.progressDeadlineSeconds", spec.progressDeadlineSeconds, detail)


@resource(
    "apps/v1",
    "deployments",
    validate=validate,
    columns=(
        NAME,
        column("Ready", lambda found: f"{found.status.readyReplicas}/{found.spec.replicas}"),
        column("Up-to-date", lambda found: found.status.updatedReplicas),
        column("Available", lambda found: found.status.availableReplicas),
        AGE,
        *containers(lambda found: found.spec.template),
        selector(lambda found: found.spec.selector),
    ),
    generation=True,
)
class Deployment(Object):
    spec: DeploymentSpec = DeploymentSpec()
    status: DeploymentStatus = DeploymentStatus()
