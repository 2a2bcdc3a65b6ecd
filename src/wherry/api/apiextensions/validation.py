"""CustomResourceDefinition validation: names, versions, and what of them may change."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from wherry.api.rules import immutable
from wherry.machinery.conditions import has_condition
from wherry.machinery.errors import FieldError, invalid, required
from wherry.machinery.names import check_label_1035, check_subdomain

if TYPE_CHECKING:
    from wherry.api.apiextensions.customresourcedefinition import (  # which imports this module
        CustomResourceDefinition,
        CustomResourceDefinitionNames,
        CustomResourceDefinitionSpec,
    )

APPROVAL = "api-approved.kubernetes.io"
UNAPPROVED = (
    f'protected groups must have approval annotation "{APPROVAL}", '
    "see https://github.com/kubernetes/enhancements/pull/1111"
)
PRESERVE = (
    "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead"
)
MOST_SELECTABLE = 8


def validate(new: CustomResourceDefinition, old: CustomResourceDefinition | None) -> Iterator[FieldError]:
    spec, name = new.spec, new.metadata.name
    if name != f"{spec.names.plural}.{spec.group}":
        yield invalid("metadata.name", name, 'must be spec.names.plural+"."+spec.group')
    yield from _validate_group(new)
    yield from _validate_names(spec.names)
    if not spec.scope:
        yield required("spec.scope")
    yield from _validate_versions(spec)
    if spec.preserveUnknownFields:
        yield invalid("spec.preserveUnknownFields", True, PRESERVE)
    yield from _validate_conversion(spec)
    yield from _validate_stored(new)
    if old is not None:
        yield from immutable("spec.group", spec.group, old.spec.group)
        yield from immutable("spec.names.plural", spec.names.plural, old.spec.names.plural)
        if has_condition(old.status.conditions, "Established"):
            yield from immutable("spec.scope", spec.scope, old.spec.scope)
            yield from immutable("spec.names.kind", spec.names.kind, old.spec.names.kind)


def _validate_group(new: CustomResourceDefinition) -> Iterator[FieldError]:
    group = new.spec.group
    if not group:
        yield required("spec.group")
    elif problems := check_subdomain(group):
        for problem in problems:
            yield invalid("spec.group", group, problem)
    elif "." not in group:
        yield invalid("spec.group", group, "should be a domain with at least one dot")
    if group.endswith((".k8s.io", ".kubernetes.io")) and not new.metadata.annotations.get(APPROVAL):
        yield required(f"metadata.annotations[{APPROVAL}]", UNAPPROVED)


def _validate_names(names: CustomResourceDefinitionNames) -> Iterator[FieldError]:
    for field in ("plural", "singular", "kind", "listKind"):
        value = getattr(names, field)
        if not value:
            yield required(f"spec.names.{field}")
            continue
        for problem in check_label_1035(value.lower() if field.endswith("ind") else value):
            yield invalid(
                f"spec.names.{field}",
                value,
                f"may have mixed case, but should otherwise match: {problem}"
                if field.endswith("ind")
                else problem,
            )
    if names.kind and names.kind == names.listKind:
        yield invalid("spec.names.listKind", names.listKind, "kind and listKind may not be the same")
    for field in ("shortNames", "categories"):
        for index, value in enumerate(getattr(names, field)):
            for problem in check_label_1035(value):
                yield invalid(f"spec.names.{field}[{index}]", value, problem)


def _validate_versions(spec: CustomResourceDefinitionSpec) -> Iterator[FieldError]:
    found = [version.name for version in spec.versions]
    if len(set(found)) < len(found):
        yield invalid("spec.versions", found, "must contain unique version names")
    if sum(version.storage for version in spec.versions) != 1:
        yield invalid("spec.versions", found, "must have exactly one version marked as storage version")
    for index, version in enumerate(spec.versions):
        where = f"spec.versions[{index}]"
        for problem in check_label_1035(version.name):
            yield invalid(f"{where}.name", version.name, problem)
        if version.schema is None or version.schema.openAPIV3Schema is None:
            yield required(f"{where}.schema.openAPIV3Schema", "schemas are required")
        if version.deprecationWarning and not version.deprecated:
            detail = "can only be set for deprecated versions"
            yield invalid(f"{where}.deprecationWarning", version.deprecationWarning, detail)
        for at, column in enumerate(version.additionalPrinterColumns):
            for field in ("name", "type", "jsonPath"):
                if not getattr(column, field):
                    yield required(f"{where}.additionalPrinterColumns[{at}].{field}")
        scale = version.subresources.scale if version.subresources is not None else None
        if scale is not None:
            for field, root in (("specReplicasPath", ".spec."), ("statusReplicasPath", ".status.")):
                path = getattr(scale, field)
                if not path:
                    yield required(f"{where}.subresources.scale.{field}")
                elif not path.startswith(root):
                    detail = f"should be a json path under {root[:-1]}"
                    yield invalid(f"{where}.subresources.scale.{field}", path, detail)


def _validate_conversion(spec: CustomResourceDefinitionSpec) -> Iterator[FieldError]:
    conversion = spec.conversion
    if conversion is None or conversion.strategy != "Webhook":
        return
    webhook = conversion.webhook
    if webhook is None or webhook.clientConfig is None:
        yield required("spec.conversion.webhook.clientConfig", "required when strategy is set to Webhook")
        return
    if bool(webhook.clientConfig.url) is (webhook.clientConfig.service is not None):
        yield required("spec.conversion.webhook.clientConfig", "exactly one of url or service is required")
    if not set(webhook.conversionReviewVersions) & {"v1", "v1beta1"}:
        path = "spec.conversion.webhook.conversionReviewVersions"
        yield invalid(path, webhook.conversionReviewVersions, "must include at least one of v1, v1beta1")


def _validate_stored(new: CustomResourceDefinition) -> Iterator[FieldError]:
    found = {version.name for version in new.spec.versions}
    for index, version in enumerate(new.status.storedVersions):
        if version not in found:
            detail = (
                f"missing from spec.versions; {version} was previously a storage version, and must remain in "
                "spec.versions until a storage migration ensures no data remains persisted in "
                f"{version} and removes {version} from status.storedVersions"
            )
            yield invalid(f"status.storedVersions[{index}]", version, detail)
