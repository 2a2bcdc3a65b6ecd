"""Environment: the variables, command and arguments that a container begins with."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator, Mapping

from wherry.api.core.configmap import ConfigMap
from wherry.api.core.container import Container, EnvVar, EphemeralContainer
from wherry.api.core.pod import Pod
from wherry.api.core.secret import Secret
from wherry.api.core.service import Service
from wherry.node.downward import Surroundings, field_value, resource_value
from wherry.node.runtimes.interface import Value


class Missing(Exception):
    """A ConfigMap, a Secret or a key of one that the container cannot do without."""


class Sources(Value):
    """The ConfigMaps and Secrets of the pod's namespace that it refers to; None for what is not there."""

    configmaps: Mapping[str, ConfigMap | None] = {}
    secrets: Mapping[str, Secret | None] = {}


def references(container: Container | EphemeralContainer) -> Iterator[tuple[type[ConfigMap | Secret], str]]:
    """What `environment` will want to look into."""
    for source in container.envFrom:
        if source.configMapRef:
            yield ConfigMap, source.configMapRef.name
        if source.secretRef:
            yield Secret, source.secretRef.name
    for variable in container.env:
        if variable.valueFrom and variable.valueFrom.configMapKeyRef:
            yield ConfigMap, variable.valueFrom.configMapKeyRef.name
        if variable.valueFrom and variable.valueFrom.secretKeyRef:
            yield Secret, variable.valueFrom.secretKeyRef.name


def environment(
    container: Container | EphemeralContainer,
    pod: Pod,
    sources: Sources,
    around: Surroundings,
    services: Mapping[str, str] = {},
) -> dict[str, str]:
    """Variables in order: envFrom first, env over it, services below both."""
    result: dict[str, str] = {}
    for source in container.envFrom:
        if source.configMapRef:
            found = _configmap(sources, source.configMapRef.name, source.configMapRef.optional)
            pairs: Mapping[str, str] = found.data if found else {}
        elif source.secretRef:
            secret = _secret(sources, source.secretRef.name, source.secretRef.optional)
            pairs = {key: _text(value) for key, value in secret.data.items()} if secret else {}
        else:
            continue
        result |= {source.prefix + key: value for key, value in pairs.items()}
    known = dict(services)  # what $(NAME) may refer to; services that the container overrides don't count
    known |= result
    for variable in container.env:
        value = _value(variable, container, pod, sources, around, known)
        if value is not None:
            known[variable.name] = result[variable.name] = value
    return {**{name: value for name, value in services.items() if name not in result}, **result}


def _value(
    variable: EnvVar,
    container: Container | EphemeralContainer,
    pod: Pod,
    sources: Sources,
    around: Surroundings,
    known: Mapping[str, str],
) -> str | None:
    """None: an optional source is not there, so the variable is not either."""
    source = variable.valueFrom
    if source is None:
        return expand(variable.value, known)
    if source.fieldRef:
        return field_value(pod, source.fieldRef.fieldPath, around)
    if source.resourceFieldRef:
        return resource_value(pod, source.resourceFieldRef, container, around)
    if selector := source.configMapKeyRef:
        found = _configmap(sources, selector.name, selector.optional)
        return _entry(found.data if found else {}, selector.key, "ConfigMap", pod, selector)
    if choice := source.secretKeyRef:
        secret = _secret(sources, choice.name, choice.optional)
        encoded = _entry(secret.data if secret else {}, choice.key, "Secret", pod, choice)
        return None if encoded is None else _text(encoded)
    return ""


def _entry(data: Mapping[str, str], key: str, kind: str, pod: Pod, selector: object) -> str | None:
    if key in data:
        return data[key]
    if getattr(selector, "optional", False):
        return None
    name = getattr(selector, "name", "")
    raise Missing(f"couldn't find key {key} in {kind} {pod.metadata.namespace}/{name}")


def _configmap(sources: Sources, name: str, optional: bool) -> ConfigMap | None:
    found = sources.configmaps.get(name)
    if found is None and not optional:
        raise Missing(f'configmap "{name}" not found')
    return found


def _secret(sources: Sources, name: str, optional: bool) -> Secret | None:
    found = sources.secrets.get(name)
    if found is None and not optional:
        raise Missing(f'secret "{name}" not found')
    return found


def _text(encoded: str) -> str:
    return base64.b64decode(encoded).decode("utf-8", "surrogateescape")


def expand(text: str, known: Mapping[str, str]) -> str:
    """Replace `$(NAME)` by its value where there is one. `$$` stands for `$`."""
    if "$" not in text:
        return text
    out: list[str] = []
    at = 0
    while (dollar := text.find("$", at)) >= 0 and dollar + 1 < len(text):
        out.append(text[at:dollar])
        follower = text[dollar + 1]
        end = text.find(")", dollar + 2) if follower == "(" else -1
        if follower == "$":
            out.append("$")
            at = dollar + 2
        elif end >= 0:
            name = text[dollar + 2 : end]
            out.append(known.get(name, text[dollar : end + 1]))
            at = end + 1
        else:
            out.append("$" + follower)
            at = dollar + 2
    out.append(text[at:])
    return "".join(out)


def expand_all(words: Iterable[str], known: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(expand(word, known) for word in words)


def service_variables(services: Iterable[Service], namespace: str, *, links: bool) -> dict[str, str]:
    """Where services are: `kubernetes` always, with `links` also those of the pod's namespace."""
    chosen: dict[str, Service] = {}
    for service in services:
        if service.spec.clusterIP in ("", "None"):
            continue
        name, home = service.metadata.name, service.metadata.namespace
        is_master = home == "default" and name == "kubernetes"
        if (is_master and name not in chosen) or (links and home == namespace):
            chosen[name] = service
    variables: dict[str, str] = {}
    for name in sorted(chosen):
        variables |= _variables_of(chosen[name])
    return variables


def _variables_of(service: Service) -> dict[str, str]:
    prefix = service.metadata.name.upper().replace("-", "_")
    host = service.spec.clusterIP
    ports = service.spec.ports
    variables = {f"{prefix}_SERVICE_HOST": host}
    if not ports:
        return variables
    variables[f"{prefix}_SERVICE_PORT"] = str(ports[0].port)
    for port in ports:
        if port.name:
            variables[f"{prefix}_SERVICE_PORT_{port.name.upper().replace('-', '_')}"] = str(port.port)
    shown = f"[{host}]" if ":" in host else host
    for index, port in enumerate(ports):
        protocol = port.protocol or "TCP"
        url = f"{protocol.lower()}://{shown}:{port.port}"
        if index == 0:
            variables[f"{prefix}_PORT"] = url
        base = f"{prefix}_PORT_{port.port}_{protocol}"
        variables |= {
            base: url,
            f"{base}_PROTO": protocol.lower(),
            f"{base}_PORT": str(port.port),
            f"{base}_ADDR": host,
        }
    return variables
