"""parts: subresources that let a client change one part of an object and nothing else.

namespaces/finalize                  spec.finalizers
certificatesigningrequests/approval  status.conditions
pods/ephemeralcontainers             spec.ephemeralContainers
pods/resize                          the containers' resources
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from wherry.apiserver import body, patch
from wherry.apiserver.call import Call, Outcome
from wherry.apiserver.entry import Entry
from wherry.machinery.errors import not_found
from wherry.machinery.schema import Tree

if TYPE_CHECKING:
    from wherry.apiserver.api import Api

# Takes from the wanted tree (second) into the current one (first) what the subresource may change.
Take = Callable[[Tree, Tree], None]


def _finalizers(tree: Tree, wanted: Tree) -> None:
    tree.setdefault("spec", {})["finalizers"] = (wanted.get("spec") or {}).get("finalizers") or []


def _approval(tree: Tree, wanted: Tree) -> None:
    conditions = (wanted.get("status") or {}).get("conditions")
    tree.setdefault("status", {})["conditions"] = conditions or []


def _ephemeral(tree: Tree, wanted: Tree) -> None:
    containers = (wanted.get("spec") or {}).get("ephemeralContainers")
    if containers:
        tree["spec"]["ephemeralContainers"] = containers


def _resources(tree: Tree, wanted: Tree) -> None:
    for field in ("containers", "initContainers"):
        sizes = {c.get("name"): c for c in (wanted.get("spec") or {}).get(field) or ()}
        for container in tree["spec"].get(field) or ():
            asked = sizes.get(container["name"])
            if asked is not None:
                for part in ("resources", "resizePolicy"):
                    if part in asked:
                        container[part] = asked[part]


TAKES: dict[tuple[str, str], Take] = {
    ("namespaces", "finalize"): _finalizers,
    ("certificatesigningrequests", "approval"): _approval,
    ("pods", "ephemeralcontainers"): _ephemeral,
    ("pods", "resize"): _resources,
}


async def handle(call: Call, api: Api) -> Outcome:
    entry = api.writer.find(call)
    if entry is None:
        raise not_found(call.resource.plural, call.name, call.resource.group)
    if call.verb == "get":
        return Outcome(200, entry)
    take = TAKES[call.resource.plural, call.subresource]

    def make(current: Entry) -> Tree:
        if call.verb == "update":
            wanted = body.object_of(call)
        else:
            wanted = patch.patched(current.tree, call, call.resource.shape)
            body.completed(wanted, call.resource, call)
        tree = current.tree
        take(tree, wanted)
        stated = (wanted.get("metadata") or {}).get("resourceVersion", "")
        if stated:
            tree["metadata"]["resourceVersion"] = stated
        return tree

    return await api.writer.change(call, make)
