"""Admission registration validation: what webhooks and policies may say."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import urlsplit

from wherry.api.admissionregistration.matching import MatchCondition, MatchResources, WebhookClientConfig
from wherry.machinery.errors import FieldError, duplicate, forbidden, invalid, required
from wherry.machinery.labels import validate_label_selector
from wherry.machinery.names import check_port, check_qualified_domain, check_qualified_name

VERSIONS = ("v1", "v1beta1")
MOST_CONDITIONS = 64


def validate_webhooks(webhooks: Iterable[Any]) -> Iterator[FieldError]:
    names: set[str] = set()
    for index, webhook in enumerate(webhooks):
        path = f"webhooks[{index}]"
        for problem in check_qualified_domain(webhook.name):
            yield invalid(f"{path}.name", webhook.name, problem)
        if webhook.name in names:
            yield duplicate(f"{path}.name", webhook.name)
        names.add(webhook.name)
        yield from _validate_versions(webhook.admissionReviewVersions, f"{path}.admissionReviewVersions")
        yield from _validate_rules(webhook.rules, f"{path}.rules")
        if not webhook.sideEffects:
            yield required(f"{path}.sideEffects", "must specify one of None, NoneOnDryRun")
        if not 1 <= webhook.timeoutSeconds <= 30:
            detail = "the timeout value must be between 1 and 30 seconds"
            yield invalid(f"{path}.timeoutSeconds", webhook.timeoutSeconds, detail)
        for field in ("namespaceSelector", "objectSelector"):
            yield from validate_label_selector(getattr(webhook, field), f"{path}.{field}")
        yield from validate_client(webhook.clientConfig, f"{path}.clientConfig")
        yield from validate_conditions(webhook.matchConditions, f"{path}.matchConditions")


def _validate_versions(versions: tuple[str, ...], path: str) -> Iterator[FieldError]:
    if not versions:
        yield required(path, "must specify one of v1, v1beta1")
    elif not set(versions) & set(VERSIONS):
        yield invalid(path, versions, "must include at least one of v1, v1beta1")
    for index, version in enumerate(versions):
        if version in versions[:index]:
            yield invalid(f"{path}[{index}]", version, "duplicate version")


def _validate_rules(rules: Iterable[Any], path: str) -> Iterator[FieldError]:
    for index, rule in enumerate(rules):
        for field in ("operations", "apiGroups", "apiVersions", "resources"):
            values = getattr(rule, field)
            where = f"{path}[{index}].{field}"
            if not values:
                yield required(where)
            elif "*" in values and len(values) > 1 and field != "resources":
                yield invalid(where, values, f"if '*' is present, must not specify other {_words(field)}")
            for at, value in enumerate(values):
                if not value and field in ("apiVersions", "resources"):
                    yield required(f"{where}[{at}]")


def _words(field: str) -> str:
    return {"apiGroups": "API groups", "apiVersions": "API versions"}.get(field, field)


def validate_client(config: WebhookClientConfig, path: str) -> Iterator[FieldError]:
    """Where a webhook answers: a URL, or a Service."""
    if bool(config.url) is (config.service is not None):
        yield required(path, "exactly one of url or service is required")
        return
    if config.url:
        yield from _validate_url(config.url, f"{path}.url")
    service = config.service
    if service is None:
        return
    for field in ("name", "namespace"):
        if not getattr(service, field):
            yield required(f"{path}.service.{field}", f"service {field} is required")
    for problem in check_port(service.port):
        yield invalid(f"{path}.service.port", service.port, "port is not valid: " + problem)
    if service.path and not service.path.startswith("/"):
        yield invalid(f"{path}.service.path", service.path, "must start with a '/'")


def _validate_url(url: str, path: str) -> Iterator[FieldError]:
    form = "; desired format: https://host[/path]"
    parts = urlsplit(url)
    if parts.scheme != "https":
        yield invalid(path, parts.scheme, "'https' is the only allowed URL scheme" + form)
    if not parts.netloc:
        yield invalid(path, parts.netloc, "host must be specified" + form)
    if "@" in parts.netloc:
        yield invalid(path, parts.netloc.rpartition("@")[0], "user information is not permitted in the URL")
    if parts.fragment:
        yield invalid(path, parts.fragment, "fragments are not permitted in the URL")
    if parts.query:
        yield invalid(path, parts.query, "query parameters are not permitted in the URL")


def validate_conditions(conditions: tuple[MatchCondition, ...], path: str) -> Iterator[FieldError]:
    if len(conditions) > MOST_CONDITIONS:
        yield forbidden(path, f"must have at most {MOST_CONDITIONS} items")
    names: set[str] = set()
    for index, condition in enumerate(conditions):
        where = f"{path}[{index}]"
        if not condition.expression.strip():
            yield required(f"{where}.expression")
        if not condition.name:
            yield required(f"{where}.name")
        elif condition.name in names:
            yield duplicate(f"{where}.name", condition.name)
        else:
            for problem in check_qualified_name(condition.name):
                yield invalid(f"{where}.name", condition.name, problem)
        names.add(condition.name)


def validate_match(match: MatchResources, path: str) -> Iterator[FieldError]:
    for field in ("namespaceSelector", "objectSelector"):
        yield from validate_label_selector(getattr(match, field), f"{path}.{field}")
    yield from _validate_rules(match.resourceRules, f"{path}.resourceRules")
    yield from _validate_rules(match.excludeResourceRules, f"{path}.excludeResourceRules")


def validate_policy(spec: Any) -> Iterator[FieldError]:
    """What both kinds of policies have."""
    if spec.matchConstraints is None:
        yield required("spec.matchConstraints")
    else:
        if not spec.matchConstraints.resourceRules:
            yield required("spec.matchConstraints.resourceRules")
        yield from validate_match(spec.matchConstraints, "spec.matchConstraints")
    if spec.paramKind is not None:
        for field in ("apiVersion", "kind"):
            if not getattr(spec.paramKind, field):
                yield required(f"spec.paramKind.{field}")
    yield from validate_conditions(spec.matchConditions, "spec.matchConditions")
    for index, variable in enumerate(spec.variables):
        for field in ("name", "expression"):
            if not getattr(variable, field).strip():
                yield required(f"spec.variables[{index}].{field}")


def validate_policy_binding(spec: Any) -> Iterator[FieldError]:
    if not spec.policyName:
        yield required("spec.policyName")
    reference = spec.paramRef
    if reference is not None:
        if bool(reference.name) is (reference.selector is not None):
            detail = "one of name or selector must be specified"
            yield (
                required("spec.paramRef", detail)
                if not reference.name
                else forbidden("spec.paramRef.name", "name and selector are mutually exclusive")
            )
        if not reference.parameterNotFoundAction:
            yield required("spec.paramRef.parameterNotFoundAction")
    if spec.matchResources is not None:
        yield from validate_match(spec.matchResources, "spec.matchResources")
