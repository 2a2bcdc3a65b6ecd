"""PodTemplate: a template that Pods are made from."""

from __future__ import annotations

from wherry.api.core.pod import PodSpec
from wherry.api.registry import resource
from wherry.machinery.meta import Object, ObjectMeta
from wherry.machinery.schema import Part


class PodTemplateSpec(Part):
    metadata: ObjectMeta = ObjectMeta()
    spec: PodSpec = PodSpec()


@resource("v1", "podtemplates")
class PodTemplate(Object):
    template: PodTemplateSpec = PodTemplateSpec()
