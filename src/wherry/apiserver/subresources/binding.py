"""binding: puts a Pod on a node; the scheduler's one write."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wherry.api.core.pod import Pod
from wherry.api.registry import resource_for
from wherry.apiserver import body
from wherry.apiserver.call import Call, Outcome
from wherry.apiserver.entry import Entry
from wherry.machinery.errors import (
    BadRequest,
    conflict,
    invalid_object,
    not_supported,
    required,
)
from wherry.machinery.schema import Tree
from wherry.machinery.times import format_seconds

if TYPE_CHECKING:
    from wherry.apiserver.api import Api


async def handle(call: Call, api: Api) -> Outcome:
    binding = body.parse(call.body, call.content_type)
    if not isinstance(binding, dict):
        raise BadRequest("the request's body is not a Binding")
    metadata = binding.get("metadata") or {}
    name = metadata.get("name") or call.name
    if call.name and name != call.name:
        raise BadRequest(f"the name of the object ({name}) does not match the name on the URL ({call.name})")
    call.name = name
    target = binding.get("target") or {}
    _check(target, name)

    def make(current: Entry) -> Tree:
        tree = current.tree
        bind(tree, target["name"], metadata, current, format_seconds(api.clock.now()), call)
        return tree

    # Binding is neither a spec update nor a status update: it may set what both may not.
    await api.writer.change(call, make)
    return Outcome(
        201, tree={"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}
    )


async def create(call: Call, api: Api) -> Outcome:
    """A Binding that is created by itself: the older way to say the same."""
    pods = resource_for(Pod)
    named = Call(
        "create", pods, call.namespace, "", "binding", call.params, call.body, call.content_type, call.user
    )
    named.user_agent = call.user_agent
    return await handle(named, api)


def _check(target: Tree, name: str) -> None:
    errors = []
    if target.get("kind") not in (None, "", "Node"):
        errors.append(not_supported("target.kind", target["kind"], ("Node", "<empty>")))
    if not target.get("name"):
        errors.append(required("target.name"))
    if errors:
        raise invalid_object("Binding", name, errors)


def bind(tree: Tree, node: str, metadata: Tree, current: Entry, now: str, call: Call) -> None:
    """What a binding changes in a Pod."""
    uid = metadata.get("uid")
    found = tree["metadata"]
    if uid and uid != found["uid"]:
        why = f"Precondition failed: UID in precondition: {uid}, UID in object meta: {found['uid']}"
        raise conflict("pods", call.name, why=why)
    if found.get("deletionTimestamp"):
        raise conflict(
            "pods/binding", call.name, why=f"pod {call.name} is being deleted, cannot be assigned to a host"
        )
    if tree["spec"].get("nodeName"):
        why = f'pod {call.name} is already assigned to node "{tree["spec"]["nodeName"]}"'
        raise conflict("pods/binding", call.name, why=why)
    if tree["spec"].get("schedulingGates"):
        raise conflict("pods/binding", call.name, why=f"pod {call.name} has non-empty .spec.schedulingGates")
    tree["spec"]["nodeName"] = node
    for field in ("annotations", "labels"):
        if metadata.get(field):
            found.setdefault(field, {}).update(metadata[field])
    status = tree.setdefault("status", {})
    conditions = [c for c in status.get("conditions") or () if c.get("type") != "PodScheduled"]
    scheduled = {"type": "PodScheduled", "status": "True", "lastProbeTime": None, "lastTransitionTime": now}
    scheduled.pop("lastProbeTime")
    if found.get("generation"):
        scheduled["observedGeneration"] = found["generation"]
    status["conditions"] = [*conditions, scheduled]
