"""ReplicationController: keeps a number of Pods alive; ReplicaSets replace it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated

from wherry.api.columns import AGE, NAME, column, containers, labels_text, wide
from wherry.api.core.podtemplate import PodTemplateSpec
from wherry.api.core.templatevalidation import NO_MATCH, validate_always_restarts, validate_template
from wherry.api.registry import resource
from wherry.api.rules import validate_counts
from wherry.machinery.errors import FieldError, invalid, required
from wherry.machinery.meta import Object
from wherry.machinery.schema import Atomic, Int32, Int64, ListMap, Merge, Part, Time, Tree, Written


class ReplicationControllerCondition(Part):
    lastTransitionTime: Time = ""
    message: str = ""
    reason: str = ""
    status: str = ""
    type: str = ""


class ReplicationControllerSpec(Part):
    minReadySeconds: Annotated[Int32, Written()] = 0
    replicas: Int32 = 1
    selector: Annotated[Mapping[str, str], Atomic()] = {}
    template: PodTemplateSpec = PodTemplateSpec()

    @staticmethod
    def complete(tree: Tree) -> None:
        if not tree.get("selector") and (labels := _template_labels(tree)):
            tree["selector"] = dict(labels)


class ReplicationControllerStatus(Part):
    availableReplicas: Int32 = 0
    conditions: Annotated[
        tuple[ReplicationControllerCondition, ...], ListMap("type"), Merge("merge", "type")
    ] = ()
    fullyLabeledReplicas: Int32 = 0
    observedGeneration: Int64 = 0
    readyReplicas: Int32 = 0
    replicas: Annotated[Int32, Written()] = 0


def _template_labels(spec: Tree) -> Mapping[str, str]:
    return ((spec.get("template") or {}).get("metadata") or {}).get("labels") or {}


def validate(new: ReplicationController, old: ReplicationController | None) -> Iterator[FieldError]:
    spec = new.spec
    yield from validate_counts(spec, "spec", "replicas", "minReadySeconds")
    if old is not None and (spec.selector, spec.template) == (old.spec.selector, old.spec.template):
        return
    if not spec.selector:
        yield required("spec.selector")
    labels = spec.template.metadata.labels
    if not spec.selector.items() <= labels.items():
        yield invalid("spec.template.metadata.labels", labels, NO_MATCH)
    yield from validate_template(spec.template, "spec.template")
    yield from validate_always_restarts(spec.template, "spec.template")


@resource(
    "v1",
    "replicationcontrollers",
    validate=validate,
    selectable={"status.replicas": lambda found: str(found.status.replicas)},
    columns=(
        NAME,
        column("Desired", lambda found: found.spec.replicas, "integer"),
        column("Current", lambda found: found.status.replicas, "integer"),
        column("Ready", lambda found: found.status.readyReplicas, "integer"),
        AGE,
        *containers(lambda found: found.spec.template),
        wide("Selector", lambda found: labels_text(found.spec.selector)),
    ),
    generation=True,
)
class ReplicationController(Object):
    spec: ReplicationControllerSpec = ReplicationControllerSpec()
    status: ReplicationControllerStatus = ReplicationControllerStatus()

    @staticmethod
    def complete(tree: Tree) -> None:
        labels = _template_labels(tree.get("spec") or {})
        if labels and not (tree.get("metadata") or {}).get("labels"):
            tree.setdefault("metadata", {})["labels"] = dict(labels)
