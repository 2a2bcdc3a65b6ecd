"""Registry: every resource the API serves, and what its kind's file says about it.

Names come from the table in `wherry.api.resources`, so that discovery needs no type; a kind's module is
imported when its type is first asked for.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any, TypeVar

from wherry.machinery.errors import FieldError
from wherry.machinery.meta import Object
from wherry.machinery.schema import Shape, Tree, shape_of

ObjectT = TypeVar("ObjectT", bound=Object)

STANDARD_VERBS = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")


@dataclass(frozen=True, slots=True)
class Subresource:
    """A part of a resource with a path of its own: `pods/log`, `deployments/scale`."""

    name: str
    kind: str
    verbs: tuple[str, ...]
    group: str = ""
    version: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a Table. `cell` gets the typed object and the current time (RFC 3339 text is `times`' business)."""

    name: str
    cell: Callable[[Any, Any], Any]
    type: str = "string"
    format: str = ""
    priority: int = 0
    description: str = ""


@dataclass(frozen=True, slots=True)
class Strategy:
    """What is particular to one kind on its way into the store; every part may be missing.

    prepare: changes the tree (new, old or None on create) before validation: what users may not set,
    what follows from something else. validate: (new, old or None) on typed objects. transitions: (new, old),
    by subresource ("" is the object itself): what an update by that way must leave alone. selectable: field
    selectors beyond metadata.name and metadata.namespace, as functions of the typed object. columns:
    the Table, beyond Name and Age alone. generation: metadata.generation counts changes of the spec.
    create_on_update: PUT makes a missing object. needs_version: PUT must say which resourceVersion it
    changes. states_author: the spec says who created the object. from_stored, to_stored: for a version
    that is kept in the form of another (trees, in place).
    """

    prepare: Callable[[Tree, Tree | None], None] | None = None
    validate: Callable[[Any, Any], Iterator[FieldError]] | None = None
    transitions: Mapping[str, Callable[[Any, Any], Iterator[FieldError]]] = field(default_factory=dict)
    selectable: Mapping[str, Callable[[Any], str]] = field(default_factory=dict)
    columns: Sequence[Column] = ()
    generation: bool = False
    create_on_update: bool = False
    needs_version: bool = False
    states_author: bool = False
    from_stored: Callable[[Tree], None] | None = None
    to_stored: Callable[[Tree], None] | None = None


@dataclass(frozen=True)
class Resource:
    """One row of the API: names, verbs and subresources of a kind in a group and version."""

    group: str
    version: str
    kind: str
    plural: str
    singular: str = ""
    namespaced: bool = True
    shortNames: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    verbs: tuple[str, ...] = STANDARD_VERBS
    subresources: tuple[Subresource, ...] = ()
    # Group and version in which the objects are stored, where it is another one: Events of both groups.
    stored: tuple[str, str] = ("", "")
    module: str = ""

    def __hash__(self) -> int:
        return hash((self.group, self.version, self.plural))

    def __eq__(self, other: object) -> bool:
        return self is other or (
            isinstance(other, Resource)
            and (self.group, self.version, self.plural) == (other.group, other.version, other.plural)
        )

    @cached_property
    def apiVersion(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    @cached_property
    def qualified(self) -> str:
        """`deployments.apps`, as errors name it."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @cached_property
    def type(self) -> type[Object]:
        """The kind's class; imports its module."""
        module = importlib.import_module(f"wherry.api.{self.module}")
        kind: type[Object] = getattr(module, self.kind)
        return kind

    @cached_property
    def shape(self) -> Shape:
        return shape_of(self.type)

    @cached_property
    def strategy(self) -> Strategy:
        return _STRATEGIES.get(self.type, Strategy())

    def subresource(self, name: str) -> Subresource | None:
        return next((sub for sub in self.subresources if sub.name == name), None)

    def path(self, namespace: str = "", name: str = "", subresource: str = "") -> str:
        """The URL's path: `/apis/apps/v1/namespaces/default/deployments/web/scale`."""
        path = f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"
        if namespace and self.namespaced:
            path += f"/namespaces/{namespace}"
        path += f"/{self.plural}"
        if name:
            path += f"/{name}"
        return f"{path}/{subresource}" if subresource else path


_STRATEGIES: dict[type[Object], Strategy] = {}


def resource(
    apiVersion: str,
    plural: str = "",
    *,
    prepare: Callable[[Tree, Tree | None], None] | None = None,
    validate: Callable[[Any, Any], Iterator[FieldError]] | None = None,
    transitions: Mapping[str, Callable[[Any, Any], Iterator[FieldError]]] | None = None,
    selectable: Mapping[str, Callable[[Any], str]] | None = None,
    columns: Sequence[Column] = (),
    generation: bool = False,
    create_on_update: bool = False,
    needs_version: bool = False,
    states_author: bool = False,
    from_stored: Callable[[Tree], None] | None = None,
    to_stored: Callable[[Tree], None] | None = None,
) -> Callable[[type[ObjectT]], type[ObjectT]]:
    """Says that a class is the kind of a row of `wherry.api.resources`, and what is particular to it.

    Without `plural` the kind has no resource of its own: it is what a subresource takes (Scale, Eviction).
    """

    def register(kind: type[ObjectT]) -> type[ObjectT]:
        kind.apiVersion = apiVersion
        kind.kind = kind.__name__
        if kind in _STRATEGIES:
            raise ValueError(f"{kind.__name__} is registered twice")
        _STRATEGIES[kind] = Strategy(
            prepare=prepare,
            validate=validate,
            transitions=transitions or {},
            selectable=selectable or {},
            columns=columns,
            generation=generation,
            create_on_update=create_on_update,
            needs_version=needs_version,
            states_author=states_author,
            from_stored=from_stored,
            to_stored=to_stored,
        )
        return kind

    return register


@cache
def _table() -> tuple[
    tuple[Resource, ...], dict[tuple[str, str, str], Resource], dict[tuple[str, str, str], Resource]
]:
    from wherry.api.resources import RESOURCES  # the table imports this module

    return (
        RESOURCES,
        {(row.group, row.version, row.plural): row for row in RESOURCES},
        {(row.group, row.version, row.kind): row for row in RESOURCES},
    )


def all_resources() -> tuple[Resource, ...]:
    """Every built-in resource that is on by default, in upstream's order of groups."""
    return _table()[0]


def by_plural(group: str, version: str, plural: str) -> Resource | None:
    return _table()[1].get((group, version, plural))


def by_kind(group: str, version: str, kind: str) -> Resource | None:
    return _table()[2].get((group, version, kind))


@cache
def resource_for(kind: type[Object]) -> Resource:
    """The resource of a kind's class. KeyError where the kind has none (Scale, Eviction)."""
    group, _, version = kind.apiVersion.rpartition("/")
    found = by_kind(group, version, kind.kind)
    if found is None:
        raise KeyError(f"{kind.apiVersion} {kind.kind} has no resource of its own")
    return found
