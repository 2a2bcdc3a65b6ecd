"""PodTemplate: a template that Pods are made from."""

from __future__ import annotations

from collections.abc import Iterator

from wherry.api.columns import NAME, column, joined, labels_text
from wherry.api.core.pod import PodSpec
from wherry.api.core.podvalidation import validate_pod_spec
from wherry.api.registry import resource
from wherry.machinery.errors import FieldError
from wherry.machinery.meta import Object, ObjectMeta
from wherry.machinery.schema import Part


class PodTemplateSpec(Part):
    metadata: ObjectMeta = ObjectMeta()
    spec: PodSpec = PodSpec()


def validate(new: PodTemplate, old: PodTemplate | None) -> Iterator[FieldError]:
    yield from validate_pod_spec(new.template.spec, "template.spec")


@resource(
    "v1",
    "podtemplates",
    validate=validate,
    columns=(
        NAME,
        column("Containers", lambda found: joined(each.name for each in found.template.spec.containers)),
        column("Images", lambda found: joined(each.image for each in found.template.spec.containers)),
        column("Pod Labels", lambda found: labels_text(found.template.metadata.labels)),
    ),
    generation=True,
)
class PodTemplate(Object):
    template: PodTemplateSpec = PodTemplateSpec()
