"""Environment validation: where the variables of a container come from."""

from __future__ import annotations

from collections.abc import Iterator

from wherry.api.core.container import (
    EnvFromSource,
    EnvVar,
    EnvVarSource,
    ObjectFieldSelector,
    ResourceFieldSelector,
)
from wherry.machinery.errors import FieldError, invalid, not_supported, required
from wherry.machinery.names import check_config_key, check_env_name, check_qualified_name, check_subdomain

ENV_FIELDS = (
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "spec.nodeName",
    "spec.serviceAccountName",
    "status.hostIP",
    "status.hostIPs",
    "status.podIP",
    "status.podIPs",
)
ENV_RESOURCES = (
    "limits.cpu",
    "limits.ephemeral-storage",
    "limits.memory",
    "requests.cpu",
    "requests.ephemeral-storage",
    "requests.memory",
)
ENV_SOURCES = ("fieldRef", "resourceFieldRef", "configMapKeyRef", "secretKeyRef", "fileKeyRef")


def validate_env(env: tuple[EnvVar, ...], path: str) -> Iterator[FieldError]:
    for index, variable in enumerate(env):
        where = f"{path}[{index}]"
        if not variable.name:
            yield required(f"{where}.name")
        else:
            for problem in check_env_name(variable.name):
                yield invalid(f"{where}.name", variable.name, problem)
        if variable.valueFrom is not None:
            yield from _validate_source(variable, variable.valueFrom, f"{where}.valueFrom")


def _validate_source(variable: EnvVar, source: EnvVarSource, path: str) -> Iterator[FieldError]:
    found = [name for name in ENV_SOURCES if getattr(source, name) is not None]
    if not found:
        detail = (
            "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` "
            "or `fileKeyRef`"
        )
        yield invalid(path, "", detail)
    elif variable.value:
        yield invalid(path, "", "may not be specified when `value` is not empty")
    elif len(found) > 1:
        yield invalid(path, "", "may not have more than one field specified at a time")
    if source.fieldRef is not None:
        yield from validate_field_ref(source.fieldRef, f"{path}.fieldRef", ENV_FIELDS)
    if source.resourceFieldRef is not None:
        yield from validate_resource_ref(source.resourceFieldRef, f"{path}.resourceFieldRef", volume=False)
    for kind, reference in (
        ("configMapKeyRef", source.configMapKeyRef),
        ("secretKeyRef", source.secretKeyRef),
    ):
        if reference is None:
            continue
        for problem in check_subdomain(reference.name) if reference.name else ():
            yield invalid(f"{path}.{kind}.name", reference.name, problem)
        if not reference.key:
            yield required(f"{path}.{kind}.key")
        else:
            for problem in check_config_key(reference.key):
                yield invalid(f"{path}.{kind}.key", reference.key, problem)
    if source.fileKeyRef is not None:
        for field in ("volumeName", "path", "key"):
            if not getattr(source.fileKeyRef, field):
                yield required(f"{path}.fileKeyRef.{field}")


def validate_field_ref(
    reference: ObjectFieldSelector, path: str, fields: tuple[str, ...]
) -> Iterator[FieldError]:
    """A field of the Pod: one of `fields`, or a label or annotation."""
    if not reference.apiVersion:
        yield required(f"{path}.apiVersion")
        return
    text = reference.fieldPath
    if not text:
        yield required(f"{path}.fieldPath")
        return
    base, bracket, key = text.partition("['")
    if bracket and key.endswith("']"):
        key = key.removesuffix("']")
        if base not in ("metadata.labels", "metadata.annotations"):
            yield invalid(f"{path}.fieldPath", text, "does not support subscript")
            return
        for problem in check_qualified_name(key.lower() if base == "metadata.annotations" else key):
            yield invalid(f"{path}.fieldPath", key, problem)
    elif text not in fields:
        yield not_supported(f"{path}.fieldPath", text, fields)


def validate_resource_ref(
    reference: ResourceFieldSelector, path: str, *, volume: bool
) -> Iterator[FieldError]:
    if volume and not reference.containerName:
        yield required(f"{path}.containerName")
    if not reference.resource:
        yield required(f"{path}.resource")
    elif reference.resource not in ENV_RESOURCES and not reference.resource.partition(".")[2].startswith(
        "hugepages-"
    ):
        yield not_supported(f"{path}.resource", reference.resource, ENV_RESOURCES)


def validate_env_from(sources: tuple[EnvFromSource, ...], path: str) -> Iterator[FieldError]:
    for index, source in enumerate(sources):
        where = f"{path}[{index}]"
        if source.prefix:
            for problem in check_env_name(source.prefix):
                yield invalid(f"{where}.prefix", source.prefix, problem)
        if source.configMapRef is None and source.secretRef is None:
            yield invalid(where, "", "must specify one of: `configMapRef` or `secretRef`")
        elif source.configMapRef is not None and source.secretRef is not None:
            yield invalid(where, "", "may not have more than one field specified at a time")
        for kind, reference in (("configMapRef", source.configMapRef), ("secretRef", source.secretRef)):
            if reference is not None and reference.name:
                for problem in check_subdomain(reference.name):
                    yield invalid(f"{where}.{kind}.name", reference.name, problem)
