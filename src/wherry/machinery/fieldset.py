"""FieldSet: a set of places in an object, in the form that managedFields keep it (FieldsV1).

A set is a tree of dicts. Each step down is a path element: `f:<name>` a field, `k:{"name":"a"}` the item of
a list with these keys, `v:"x"` the item of a list with this value, `i:0` an item by its place. `{}` below a
step means that the place itself belongs to the set; where places below it belong to it as well, that is
said by `"."`. The empty set is `{}` at the root.

    {"f:spec": {"f:replicas": {}, "f:containers": {'k:{"name":"a"}': {".": {}, "f:image": {}}}}}

Sets are values: no function changes what it is given, and results share what they can.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

FieldSet = dict[str, Any]

LEAF: FieldSet = {}  # one for all: sets are not written to
EMPTY: FieldSet = {}


def union(left: FieldSet, right: FieldSet) -> FieldSet:
    """What belongs to one of the two or to both."""
    if not left or not right or left is right:
        return left or right
    merged: FieldSet | None = None
    for step, theirs in right.items():
        ours = left.get(step)
        both = theirs if ours is None else ours if step == "." else _union_below(ours, theirs)
        if both is not ours:
            if merged is None:
                merged = dict(left)
            merged[step] = both
    return left if merged is None else merged


def _union_below(left: FieldSet, right: FieldSet) -> FieldSet:
    if left is right or (not left and not right):
        return left
    if not left:
        return right if "." in right else {".": LEAF, **right}
    if not right:
        return left if "." in left else {".": LEAF, **left}
    return union(left, right)


def difference(left: FieldSet, right: FieldSet) -> FieldSet:
    """What belongs to the left and not to the right, place by place."""
    if not left or not right:
        return left
    rest: FieldSet | None = None
    for step, theirs in right.items():
        ours = left.get(step)
        if ours is None:
            continue
        kept = None if step == "." else _difference_below(ours, theirs)
        if kept is ours:
            continue
        if rest is None:
            rest = dict(left)
        if kept is None:
            del rest[step]
        else:
            rest[step] = kept
    return left if rest is None else rest


def _difference_below(left: FieldSet, right: FieldSet) -> FieldSet | None:
    """None where nothing is left: then the step itself goes."""
    if not left:  # the place alone
        return left if right and "." not in right else None
    rest = difference(left, right or {".": LEAF})
    return _below(rest) if rest else None


def without(left: FieldSet, right: FieldSet) -> FieldSet:
    """The left without the places of the right and without all that is below them."""
    if not left or not right:
        return left
    rest: FieldSet = {}
    for step, ours in left.items():
        theirs = right.get(step)
        if theirs is None:
            rest[step] = ours
        elif theirs and "." not in theirs:
            kept = without(ours, theirs)
            if kept or not ours:
                rest[step] = _below(kept)
    return rest


def intersection(left: FieldSet, right: FieldSet) -> FieldSet:
    """What belongs to both."""
    both: FieldSet = {}
    for step, ours in left.items():
        theirs = right.get(step)
        if theirs is None:
            continue
        if step == ".":
            both[step] = LEAF
        elif not ours:
            if not theirs or "." in theirs:
                both[step] = LEAF
        elif not theirs:
            if "." in ours:
                both[step] = LEAF
        elif shared := intersection(ours, theirs):
            both[step] = _below(shared)
    return both


def same(left: FieldSet, right: FieldSet) -> bool:
    """Whether the same places belong to both. `{".": {}}` and `{}` say the same of a place."""
    if left == right:
        return True
    return canonical(left) == canonical(right)


def canonical(fields: FieldSet) -> FieldSet:
    """The set with one spelling of everything: as others write it, it may say the same in other ways."""
    return {"." if step == "." else _element(step): _below(canonical(node)) for step, node in fields.items()}


def _below(node: FieldSet) -> FieldSet:
    return LEAF if len(node) == 1 and "." in node else node


def _element(step: str) -> str:
    if step.startswith("k:"):
        keys = msgspec.json.decode(step[2:])
        if not isinstance(keys, dict):
            raise ValueError(f"the keys of an item are an object: {step}")
        return key_element(keys)
    if step.startswith("v:"):
        return value_element(msgspec.json.decode(step[2:]))
    if step.startswith("i:"):
        return f"i:{int(step[2:])}"
    if not step.startswith("f:"):
        raise ValueError(f"unknown path element: {step}")
    return step


def check(fields: Any) -> FieldSet:
    """A set as a client sent it, in our spelling. ValueError where it is none."""
    if not isinstance(fields, dict) or not all(isinstance(node, dict) for node in fields.values()):
        raise ValueError("a set of fields is an object of objects")
    return {
        "." if step == "." else _element(step): _below(check(node)) if node else LEAF
        for step, node in fields.items()
    }


def key_element(keys: Mapping[str, Any]) -> str:
    """The step to the item of a list that has these keys."""
    return "k:" + msgspec.json.encode(dict(sorted(keys.items()))).decode()


def value_element(value: Any) -> str:
    """The step to the item of a list that has this value."""
    return "v:" + msgspec.json.encode(value).decode()


def paths(fields: FieldSet) -> Iterator[str]:
    """All places of the set as upstream prints them: `.spec.containers[name="a"].image`."""
    yield from _paths(fields, "")


def _paths(fields: FieldSet, prefix: str) -> Iterator[str]:
    if "." in fields:
        yield prefix
    for step in sorted(fields):
        if step == ".":
            continue
        path = prefix + printed(step)
        if fields[step]:
            yield from _paths(fields[step], path)
        else:
            yield path


def printed(step: str) -> str:
    """One path element as upstream prints it."""
    kind, _, rest = step.partition(":")
    match kind:
        case "f":
            return f".{rest}"
        case "k":
            keys = msgspec.json.decode(rest)
            inner = ",".join(f"{name}={msgspec.json.encode(value).decode()}" for name, value in keys.items())
            return f"[{inner}]"
        case "v":
            return f"[={rest}]"
    return f"[{rest}]"


def of_fields(*places: str) -> FieldSet:
    """The set of some plain fields: `of_fields("status", "metadata.uid")`."""
    fields: FieldSet = {}
    for place in places:
        node = fields
        *above, last = place.split(".")
        for name in above:
            node = node.setdefault(f"f:{name}", {})
        node[f"f:{last}"] = {}
    return fields
