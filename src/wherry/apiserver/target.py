"""Target: what a request's path and method mean: a verb on a resource, or a path that is none."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from wherry.api.registry import Resource, by_plural
from wherry.apiserver.authz import Attributes

METHODS = {
    "GET": "get",
    "HEAD": "get",
    "POST": "create",
    "PUT": "update",
    "PATCH": "patch",
    "DELETE": "delete",
}
PATH_VERBS = {"POST": "post", "PUT": "put", "PATCH": "patch", "DELETE": "delete"}


@dataclass(frozen=True, slots=True)
class Target:
    """`resource` is None where the path is none that is served. `rest` is what follows a proxy's path."""

    verb: str
    path: str
    group: str = ""
    version: str = ""
    plural: str = ""
    namespace: str = ""
    name: str = ""
    subresource: str = ""
    rest: str = ""
    resource: Resource | None = None

    @property
    def attributes(self) -> Attributes:
        """What the authorizers are asked."""
        if not self.plural:
            return Attributes(self.verb, path=self.path)
        return Attributes(self.verb, self.group, self.plural, self.subresource, self.namespace, self.name)


@lru_cache(8192)
def target_of(method: str, path: str, watch: bool = False) -> Target:
    """`watch`: whether the query asks for one (`watch=true`)."""
    parts = [part for part in path.split("/") if part]
    match parts:
        case ["api", version, *rest] if rest:
            return _resource(method, path, "", version, rest, watch)
        case ["apis", group, version, *rest] if rest:
            return _resource(method, path, group, version, rest, watch)
    verb = PATH_VERBS.get(method, "get")
    return Target(verb, path)


def _resource(method: str, path: str, group: str, version: str, rest: list[str], watch: bool) -> Target:
    if rest[0] == "watch" and len(rest) > 1:  # the old way to ask for a watch
        rest, watch = rest[1:], True
    namespace = ""
    # namespaces/x is the Namespace itself, so are its own subresources; anything longer is inside it.
    if rest[0] == "namespaces" and len(rest) > 2 and rest[2] not in ("status", "finalize"):
        namespace, rest = rest[1], rest[2:]
    elif rest[0] == "namespaces" and len(rest) > 1:
        namespace = rest[1]
    plural, name = rest[0], rest[1] if len(rest) > 1 else ""
    subresource = rest[2] if len(rest) > 2 else ""
    tail = "/".join(rest[3:])
    resource = by_plural(group, version, plural)
    if resource is not None and not resource.namespaced and plural != "namespaces" and namespace:
        resource = None
    if plural == "namespaces":
        namespace = ""
    verb = METHODS.get(method, "")
    if not name:
        verb = {"get": "watch" if watch else "list", "delete": "deletecollection"}.get(verb, verb)
    elif watch and verb == "get" and not subresource:
        verb = "watch"
    if tail and subresource != "proxy":
        resource = None
    return Target(verb, path, group, version, plural, namespace, name, subresource, tail, resource)
