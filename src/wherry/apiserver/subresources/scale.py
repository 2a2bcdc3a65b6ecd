"""scale: the replica count of a workload, as autoscaling/v1 Scale."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wherry.api.autoscaling.scale import Scale
from wherry.api.registry import Resource
from wherry.apiserver import body, patch
from wherry.apiserver.call import Call, Outcome
from wherry.apiserver.entry import Entry, stored_form
from wherry.machinery.errors import BadRequest, conflict, invalid, invalid_object, not_found
from wherry.machinery.schema import Tree, shape_of
from wherry.machinery.selectors import format_label_selector

if TYPE_CHECKING:
    from wherry.apiserver.api import Api

SCALE = Resource("autoscaling", "v1", "Scale", "", module="autoscaling.scale")
SHAPE = shape_of(Scale)
CARRIED = ("name", "namespace", "uid", "creationTimestamp")


def scale_of(entry: Entry) -> Entry:
    tree = entry.tree
    metadata = {key: tree["metadata"][key] for key in CARRIED if key in tree["metadata"]}
    spec, status = tree.get("spec") or {}, tree.get("status") or {}
    seen: dict[str, Any] = {"replicas": status.get("replicas", 0)}
    if selector := _selector(spec.get("selector")):
        seen["selector"] = selector
    scale = {"metadata": metadata, "spec": {"replicas": spec.get("replicas", 0)}, "status": seen}
    return Entry(SCALE, entry.key, stored_form(SCALE, scale), entry.revision)


def _selector(selector: Any) -> str:
    """A ReplicationController's selector is a plain map, the others' a LabelSelector."""
    if not selector:
        return ""
    plain = not ("matchLabels" in selector or "matchExpressions" in selector)
    return format_label_selector({"matchLabels": selector} if plain else selector)


async def handle(call: Call, api: Api) -> Outcome:
    entry = api.writer.find(call)
    if entry is None:
        raise not_found(call.resource.plural, call.name, call.resource.group)
    if call.verb == "get":
        return Outcome(200, scale_of(entry))
    return await _write(call, api)


async def _write(call: Call, api: Api) -> Outcome:
    # One parse for all attempts; what an attempt changes is made new by each.
    def make(current: Entry) -> Tree:
        scale = _wanted(call, current)
        _check(scale, call, current)
        tree = current.tree
        tree.setdefault("spec", {})["replicas"] = (scale.get("spec") or {}).get("replicas", 0)
        return tree

    outcome = await api.writer.change(call, make)
    assert outcome.entry is not None
    return Outcome(outcome.code, scale_of(outcome.entry))


def _wanted(call: Call, current: Entry) -> Tree:
    scale: Tree
    if call.verb == "update":
        sent = body.parse(call.body, call.content_type)
        if not isinstance(sent, dict):
            raise BadRequest("the request's body is not a Scale")
        scale = sent
    else:
        scale = patch.patched(scale_of(current).tree, call, SHAPE)
    body.check_kind(scale, SCALE)
    return scale


def _check(scale: Tree, call: Call, current: Entry) -> None:
    stated = (scale.get("metadata") or {}).get("resourceVersion", "")
    if stated not in ("", "0", str(current.revision)):
        raise conflict(call.resource.plural, call.name, call.resource.group)
    name = (scale.get("metadata") or {}).get("name", call.name)
    if name != call.name:
        raise BadRequest(f"the name of the object ({name}) does not match the name on the URL ({call.name})")
    replicas = (scale.get("spec") or {}).get("replicas", 0)
    if not isinstance(replicas, int) or isinstance(replicas, bool):
        raise BadRequest(f"spec.replicas must be a number, not {replicas!r}")
    if replicas < 0:
        errors = [invalid("spec.replicas", replicas, "must be greater than or equal to 0")]
        raise invalid_object("Scale", call.name, errors, "autoscaling")
