"""Status patch: the difference between what the API was told of a pod and what it is to be told now."""

from __future__ import annotations

from typing import Any

import msgspec

from wherry.api.core.podstatus import PodStatus
from wherry.machinery.schema import edit
from wherry.node.podstatus import OWN_CONDITIONS

Tree = dict[str, Any]

# Lists that a strategic merge patch would merge item by item: what is not among the new ones must go.
MERGED = ("podIPs", "hostIPs")
# What the API always shows of a container, also where it is zero.
CONTAINER_FIELDS = {"restartCount": 0, "image": "", "imageID": "", "ready": False, "lastState": {}}
CONTAINER_LISTS = ("initContainerStatuses", "containerStatuses", "ephemeralContainerStatuses")
# What others write: the node hands back whatever it was given.
FOREIGN = ("nominatedNodeName", "resourceClaimStatuses", "extendedResourceClaimStatus", "resize")


def status_patch(old: PodStatus, new: PodStatus, uid: str) -> Tree | None:
    """A strategic merge patch for the status subresource; None if there is nothing to tell."""
    before, after = _tree(old), _tree(new)
    status: Tree = {}
    for name in before.keys() | after.keys():
        if name == "conditions" or name in FOREIGN or before.get(name) == after.get(name):
            continue
        value = after.get(name)
        if name in MERGED and value is not None and before.get(name):
            value = [*value, {"$patch": "replace"}]
        status[name] = value
    if conditions := _changed_conditions(before, after):
        status["conditions"] = conditions
    return {"metadata": {"uid": uid}, "status": status} if status else None


def _tree(status: PodStatus) -> Tree:
    tree: Tree = msgspec.to_builtins(status)
    for name in CONTAINER_LISTS:
        if name in tree:
            tree[name] = [_container(each) for each in tree[name]]
    return tree


def _container(tree: Tree) -> Tree:
    shown: Tree = {**CONTAINER_FIELDS, **tree}
    for name in ("state", "lastState"):
        if "terminated" in (shown.get(name) or {}):
            shown[name] = {"terminated": {"exitCode": 0, **shown[name]["terminated"]}}
    return shown


def _changed_conditions(before: Tree, after: Tree) -> list[Tree]:
    old = {each["type"]: each for each in before.get("conditions", ())}
    changed = []
    for each in after.get("conditions", ()):
        known = old.get(each["type"])
        if each["type"] in OWN_CONDITIONS and each != known:
            # A reason or message that has gone must be said to have gone.
            gone = dict.fromkeys((known or {}).keys() - each.keys())
            changed.append({**gone, **each})
    return changed


def overlaid(api: PodStatus, own: PodStatus | None) -> PodStatus:
    """The API's status with what the node knows better: everything but what others write."""
    if own is None:
        return api
    conditions = tuple(each for each in own.conditions if each.type in OWN_CONDITIONS)
    conditions += tuple(each for each in api.conditions if each.type not in OWN_CONDITIONS)
    foreign = {name: getattr(api, name) for name in FOREIGN}
    return edit(own, conditions=conditions, **foreign)
