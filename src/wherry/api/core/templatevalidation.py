"""Template validation: what the template of a workload's Pods may say, and how its selector finds them."""

from __future__ import annotations

from collections.abc import Iterator

from wherry.api.core.podtemplate import PodTemplateSpec
from wherry.api.core.podvalidation import validate_pod_spec
from wherry.machinery import selectors
from wherry.machinery.errors import FieldError, forbidden, invalid, not_supported, required
from wherry.machinery.labels import validate_label_selector, validate_labels
from wherry.machinery.meta import LabelSelector
from wherry.machinery.names import check_annotation_key

NO_MATCH = "`selector` does not match template `labels`"


def validate_template(template: PodTemplateSpec, path: str) -> Iterator[FieldError]:
    yield from validate_labels(template.metadata.labels, f"{path}.labels")
    for key in template.metadata.annotations:
        for problem in check_annotation_key(key):
            yield invalid(f"{path}.annotations", key, problem)
    yield from validate_pod_spec(template.spec, f"{path}.spec")
    if template.spec.ephemeralContainers:
        detail = "ephemeral containers not allowed in pod template"
        yield forbidden(f"{path}.spec.ephemeralContainers", detail)


def validate_always_restarts(template: PodTemplateSpec, path: str) -> Iterator[FieldError]:
    """Pods that are to be there all the time start again whatever happens."""
    if template.spec.restartPolicy != "Always":
        yield not_supported(f"{path}.spec.restartPolicy", template.spec.restartPolicy, ("Always",))
    if template.spec.activeDeadlineSeconds is not None:
        yield forbidden(
            f"{path}.spec.activeDeadlineSeconds", "activeDeadlineSeconds in ReplicaSet is not Supported"
        )


def validate_selects(selector: LabelSelector, template: PodTemplateSpec) -> Iterator[FieldError]:
    """A workload must find the Pods it makes."""
    if not (selector.matchLabels or selector.matchExpressions):
        yield required("spec.selector")
    elif errors := list(validate_label_selector(selector, "spec.selector")):
        yield from errors
        return
    elif selectors.from_label_selector(selector).matches(template.metadata.labels):
        return
    yield invalid("spec.template.metadata.labels", template.metadata.labels, NO_MATCH)
