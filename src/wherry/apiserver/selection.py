"""Selection: which objects of a resource a list or watch is about."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from wherry.api.registry import Resource
from wherry.apiserver.entry import Entry
from wherry.machinery import fieldselectors, selectors
from wherry.machinery.errors import BadRequest
from wherry.machinery.fieldselectors import FieldRequirement

Predicate = Callable[[Entry], bool]


@dataclass(frozen=True, slots=True)
class Selection:
    """Namespace ("" for all), label and field selector, as sent; hashable, so that equal ones are shared."""

    resource: Resource
    namespace: str = ""
    labelSelector: str = ""
    fieldSelector: str = ""

    @property
    def predicate(self) -> Predicate | None:
        """What an entry of the namespace must satisfy; None where all do."""
        return _predicate(self)

    @property
    def name(self) -> str:
        """The one name that is selected, if it is just one: then a list needs no search."""
        return _fields(self.fieldSelector).exact("metadata.name") or ""


@lru_cache(4096)
def _predicate(selection: Selection) -> Predicate | None:
    tests: list[Predicate] = []
    if selection.labelSelector:
        tests.append(_labels(selection.labelSelector))
    requirements = _fields(selection.fieldSelector).requirements
    tests += [_field(selection.resource, requirement) for requirement in requirements]
    if len(tests) < 2:
        return tests[0] if tests else None
    return lambda entry: all(test(entry) for test in tests)


def _labels(text: str) -> Predicate:
    try:
        matches = selectors.parse(text).matches
    except selectors.SelectorError as error:
        raise BadRequest(str(error)) from None
    return lambda entry: matches(entry.labels)


@lru_cache(1024)
def _fields(text: str) -> fieldselectors.FieldSelector:
    try:
        return fieldselectors.parse(text)
    except fieldselectors.FieldSelectorError as error:
        raise BadRequest(str(error)) from None


COMMON: Mapping[str, Callable[[Entry], str]] = {
    "metadata.name": lambda entry: entry.name,
    "metadata.namespace": lambda entry: entry.namespace,
}


def _field(resource: Resource, requirement: FieldRequirement) -> Predicate:
    field, wanted, equal = requirement.field, requirement.value, requirement.operator != "!="
    common = COMMON.get(field)
    if common is not None:
        return lambda entry: (common(entry) == wanted) is equal
    read: Callable[[Any], str] | None = resource.strategy.selectable.get(field)
    if read is None:
        if not resource.strategy.selectable:
            known = 'only "metadata.name", "metadata.namespace"'
            raise BadRequest(f'"{field}" is not a known field selector: {known}')
        raise BadRequest(f"field label not supported: {field}")
    return lambda entry: (read(entry.typed) == wanted) is equal
