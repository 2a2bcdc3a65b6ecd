"""covering: nobody grants what they do not hold: which rules go beyond others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import product
from json import dumps

from wherry.api.rbac.rule import PolicyRule
from wherry.machinery.schema import edit


def beyond(wanted: Iterable[PolicyRule], held: Sequence[PolicyRule]) -> list[PolicyRule]:
    """What of the `wanted` rules no rule that is `held` covers, with the verbs of one thing together."""
    missing: dict[tuple[tuple[str, ...], ...], list[str]] = {}
    for single in (each for rule in wanted for each in _singles(rule)):
        if not any(_covers(rule, single) for rule in held):
            thing = (single.apiGroups, single.resources, single.resourceNames, single.nonResourceURLs)
            missing.setdefault(thing, []).extend(single.verbs)
    return [
        PolicyRule(
            apiGroups=groups,
            resources=resources,
            resourceNames=names,
            nonResourceURLs=urls,
            verbs=tuple(verbs),
        )
        for (groups, resources, names, urls), verbs in missing.items()
    ]


def _singles(rule: PolicyRule) -> Iterator[PolicyRule]:
    """A rule as many that each say one thing."""
    for group, resource, verb in product(rule.apiGroups, rule.resources, rule.verbs):
        single = PolicyRule(apiGroups=(group,), resources=(resource,), verbs=(verb,))
        if not rule.resourceNames:
            yield single
        for name in rule.resourceNames:
            yield edit(single, resourceNames=(name,))
    for url, verb in product(rule.nonResourceURLs, rule.verbs):
        yield PolicyRule(nonResourceURLs=(url,), verbs=(verb,))


def _covers(held: PolicyRule, wanted: PolicyRule) -> bool:
    if not _has(held.verbs, wanted.verbs[0]):
        return False
    if wanted.nonResourceURLs:
        return any(_url_covers(url, wanted.nonResourceURLs[0]) for url in held.nonResourceURLs)
    if not _has(held.apiGroups, wanted.apiGroups[0]) or not _has_resource(held, wanted.resources[0]):
        return False
    return not held.resourceNames or (
        bool(wanted.resourceNames) and wanted.resourceNames[0] in held.resourceNames
    )


def _has(values: Sequence[str], wanted: str) -> bool:
    return wanted in values or "*" in values


def _has_resource(held: PolicyRule, wanted: str) -> bool:
    _, slash, subresource = wanted.partition("/")
    return _has(held.resources, wanted) or (bool(slash) and f"*/{subresource}" in held.resources)


def _url_covers(held: str, wanted: str) -> bool:
    return held in ("*", wanted) or (held.endswith("*") and wanted.startswith(held[:-1]))


def describe(rule: PolicyRule) -> str:
    """A rule in one line, as upstream writes it."""
    fields = (
        ("APIGroups", rule.apiGroups),
        ("Resources", rule.resources),
        ("NonResourceURLs", rule.nonResourceURLs),
        ("ResourceNames", rule.resourceNames),
        ("Verbs", rule.verbs),
    )
    said = (f"{name}:[{' '.join(dumps(value) for value in values)}]" for name, values in fields if values)
    return "{" + ", ".join(said) + "}"
