"""Resources: everything that the cluster can hold: the built-in kinds, and those that CRDs add."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from wherry.api.apiextensions.customresourcedefinition import CustomResourceDefinition
from wherry.api.registry import Resource, all_resources
from wherry.client.cache import Caches, Change
from wherry.machinery.conditions import has_condition

# Their objects cannot be told apart from those of another resource, or come and go on their own.
NEVER = frozenset({("", "events"), ("events.k8s.io", "events")})


def is_kept(resource: Resource) -> bool:
    """Whether its objects are stored: listed, watched and deleted by name."""
    return {"list", "watch", "delete"} <= set(resource.verbs)


def one_version(resources: Iterable[Resource]) -> Iterator[Resource]:
    """Each group's resource once, whatever versions it is served in: the objects are the same."""
    seen: set[tuple[str, str]] = set()
    for resource in resources:
        if is_kept(resource) and (resource.group, resource.plural) not in seen:
            seen.add((resource.group, resource.plural))
            yield resource


def of_definition(definition: CustomResourceDefinition) -> Resource | None:
    """The resource that a CRD serves now, if it does."""
    if not has_condition(definition.status.conditions, "Established"):
        return None
    served = [version for version in definition.spec.versions if version.served]
    if not served:
        return None
    storage = next((version for version in served if version.storage), served[0])
    names = definition.spec.names
    return Resource(
        definition.spec.group,
        storage.name,
        names.kind,
        names.plural,
        names.singular,
        namespaced=definition.spec.scope == "Namespaced",
    )


class Resources:
    """The resources there are now. Subscribers are told of those that come and go."""

    def __init__(self, caches: Caches) -> None:
        self._definitions = caches.of(CustomResourceDefinition)
        self._built_in = tuple(one_version(all_resources()))

    async def synced(self) -> None:
        await self._definitions.synced()

    def all(self) -> Sequence[Resource]:
        custom = filter(None, map(of_definition, self._definitions))
        return (*self._built_in, *custom)

    def subscribe(
        self, come: Callable[[Resource], None], go: Callable[[Resource], None]
    ) -> Callable[[], None]:
        """Tell of custom resources, first of those that are there."""

        def changed(changes: Sequence[Change[CustomResourceDefinition]]) -> None:
            for old, new in changes:
                before = of_definition(old) if old is not None else None
                after = of_definition(new) if new is not None else None
                if before != after:
                    if before is not None:
                        go(before)
                    if after is not None:
                        come(after)

        return self._definitions.subscribe(changed)

    def of_kind(self, apiVersion: str, kind: str) -> Resource | None:
        """What an owner reference names. Other versions of a resource are found by their group."""
        group = apiVersion.rpartition("/")[0]
        matching = [each for each in self.all() if each.kind == kind and each.group == group]
        return matching[0] if matching else None
