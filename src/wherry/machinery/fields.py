"""Fields: which places an object has, which of them two versions of it differ in, and how two are merged.

The walks follow a view of the object: lists whose items have keys or are a set are walked item by item,
atomic lists and maps are one place. Without a view (custom resources with unknown fields) maps are walked
name by name and lists are one place.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import msgspec

from wherry.machinery.errors import StatusError
from wherry.machinery.fieldset import LEAF, FieldSet, key_element, paths, value_element
from wherry.machinery.view import View

Tree = dict[str, Any]

# How a place is walked.
WHOLE, PART, MAP, KEYED, VALUES = range(5)

_encode = msgspec.json.encode


class Place:
    """A view compiled for walking: the path element and the place under every name, found once."""

    __slots__ = ("_known", "defaults", "items", "keys", "kind", "optional", "view")

    def __init__(self, view: View | None) -> None:
        self.view = view
        self.kind = _kind(view)
        self.optional = view is None or view.optional
        self._known: dict[str, tuple[str, Place]] = {}
        self.keys = tuple(sorted(view.list_keys)) if view and self.kind == KEYED else ()
        self.items: Place = UNKNOWN if view is None or view.items is None else _place(view.items)
        self.defaults: Tree = {}
        for key in self.keys:
            inner = self.items.view.field(key) if self.items.view else None
            if inner is not None and isinstance(inner.default, (str, int)):
                self.defaults[key] = inner.default

    def child(self, name: str) -> tuple[str, Place]:
        """The path element for a name, and what stands there."""
        if self.kind == MAP:
            return f"f:{name}", self.items
        known = self._known.get(name)
        if known is None:
            known = self._known[name] = (f"f:{name}", self._field(name))
        return known

    def _field(self, name: str) -> Place:
        inner = self.view.field(name) if self.view else None
        return UNKNOWN if inner is None else _place(inner)

    def element(self, item: Any, index: int) -> str:
        """The path element for an item of a list."""
        if self.kind == VALUES:
            return value_element(item)
        if item.__class__ is not dict:
            return f"i:{index}"
        if len(self.keys) == 1 and (value := item.get(self.keys[0])) is not None:
            return f'k:{{"{self.keys[0]}":{_encode(value).decode()}}}'
        keys = {
            key: item.get(key, self.defaults.get(key))
            for key in self.keys
            if key in item or key in self.defaults
        }
        return key_element(keys) if keys else f"i:{index}"


def _kind(view: View | None) -> int:
    if view is None or view.kind == "raw":
        return MAP
    if view.kind in ("part", "map"):
        if view.map_type == "atomic":
            return WHOLE
        return PART if view.kind == "part" else MAP
    if view.kind == "list":
        return {"map": KEYED, "set": VALUES}.get(view.list_type, WHOLE)
    return WHOLE


UNKNOWN = Place.__new__(Place)
UNKNOWN.view, UNKNOWN.kind, UNKNOWN.optional, UNKNOWN.keys = None, MAP, True, ()
UNKNOWN.items, UNKNOWN.defaults = UNKNOWN, {}


@lru_cache(maxsize=8192)
def _place(view: View) -> Place:
    return Place(view)


def place_of(view: View | None) -> Place:
    return UNKNOWN if view is None else _place(view)


def all_fields(tree: Tree, view: View | None) -> FieldSet:
    """All places of an object: what its creator owns. Parts that every object has are no places."""
    found: FieldSet = {}
    place = place_of(view)
    for name, value in tree.items():
        element, child = place.child(name)
        _add_new(found, element, value, child)
    return found


def _add_new(found: FieldSet, element: str, value: Any, place: Place) -> None:
    """A field that was not there before; parts that always are there were."""
    if place.kind == PART and not place.optional and value.__class__ is dict:
        inner: FieldSet = {}
        for name, below in value.items():
            step, child = place.child(name)
            _add_new(inner, step, below, child)
        if inner:
            found[element] = inner
    else:
        found[element] = _whole(value, place)


def _add_whole(found: FieldSet, element: str, value: Any, place: Place) -> None:
    found[element] = _whole(value, place)


def _whole(value: Any, place: Place) -> FieldSet:
    """A new place and all below it, the places between included."""
    kind = place.kind
    if kind == WHOLE or not value:
        return LEAF
    if value.__class__ is dict:
        if kind == PART:
            known, child = place._known, place.child
            found = {".": LEAF}
            for name, below in value.items():
                step, inner = known.get(name) or child(name)
                found[step] = LEAF if inner.kind == WHOLE else _whole(below, inner)
            return found
        if kind == MAP:
            items = place.items
            if items.kind == WHOLE:
                return {".": LEAF, **{f"f:{name}": LEAF for name in value}}
            return {".": LEAF, **{f"f:{name}": _whole(below, items) for name, below in value.items()}}
    elif value.__class__ is list and kind >= KEYED:
        found = {".": LEAF}
        for index, item in enumerate(value):
            found[place.element(item, index)] = _whole(item, place.items)
        return found
    return LEAF


def applied_fields(tree: Tree, view: View | None) -> FieldSet:
    """The places that a client names when it applies this: leaves, items of lists, entries of maps."""
    return _applied(tree, place_of(view))


def _applied(tree: Tree, place: Place) -> FieldSet:
    found: FieldSet = {}
    for name, value in tree.items():
        element, child = place.child(name)
        if value.__class__ is dict and value and child.kind in (PART, MAP):
            inner = _applied(value, child)
            if place.kind == MAP:  # an entry of a map is a place of its own
                inner["."] = LEAF
            if inner:
                found[element] = inner
        elif value.__class__ is list and child.kind >= KEYED:
            if inner := _applied_items(value, child):
                found[element] = inner
        else:
            found[element] = LEAF
    return found


def _applied_items(items: list[Any], place: Place) -> FieldSet:
    found: FieldSet = {}
    for index, item in enumerate(items):
        inner = _applied(item, place.items) if item.__class__ is dict else {}
        found[place.element(item, index)] = {".": LEAF, **inner} if inner else LEAF
    return found


def compare(old: Tree, new: Tree, view: View | None) -> tuple[FieldSet, FieldSet]:
    """The places that are new or other in `new`, and those that are gone."""
    changed: FieldSet = {}
    removed: FieldSet = {}
    _compare_maps(old, new, place_of(view), changed, removed)
    return changed, removed


def _compare_maps(old: Tree, new: Tree, place: Place, changed: FieldSet, removed: FieldSet) -> None:
    add = _add_new if place.kind == PART else _add_whole
    for name, value in new.items():
        before = old.get(name, _ABSENT)
        if before is value:
            continue
        element, child = place.child(name)
        if before is _ABSENT:
            add(changed, element, value, child)
        elif before != value or before.__class__ is not value.__class__:
            _compare_values(before, value, element, child, changed, removed)
    for name, before in old.items():
        if name not in new:
            element, child = place.child(name)
            add(removed, element, before, child)


_ABSENT: Any = object()


def _compare_values(
    old: Any, new: Any, element: str, place: Place, changed: FieldSet, removed: FieldSet
) -> None:
    inner_changed: FieldSet = {}
    inner_removed: FieldSet = {}
    if old.__class__ is dict and new.__class__ is dict and place.kind in (PART, MAP):
        _compare_maps(old, new, place, inner_changed, inner_removed)
    elif old.__class__ is list and new.__class__ is list and place.kind >= KEYED:
        _compare_items(old, new, place, inner_changed, inner_removed)
    else:
        changed[element] = _whole(new, place)
        inner_removed = {step: node for step, node in _whole(old, place).items() if step != "."}
    if inner_changed:
        changed[element] = inner_changed
    if inner_removed:
        removed[element] = inner_removed


def _compare_items(
    old: list[Any], new: list[Any], place: Place, changed: FieldSet, removed: FieldSet
) -> None:
    before, after = _by_element(old, place), _by_element(new, place)
    for element, items in after.items():
        others = before.get(element)
        if others == items:
            continue
        if others is None or len(others) > 1 or len(items) > 1:
            changed[element] = _whole(items[0], place.items)
        else:
            _compare_values(others[0], items[0], element, place.items, changed, removed)
    for element, others in before.items():
        if element not in after:
            removed[element] = _whole(others[0], place.items)


def _by_element(items: list[Any], place: Place) -> dict[str, list[Any]]:
    """Items by what tells them apart. More than one have the same where nothing forbids it."""
    found: dict[str, list[Any]] = {}
    for index, item in enumerate(items):
        found.setdefault(place.element(item, index), []).append(item)
    return found


def merge(live: Tree, applied: Tree, view: View | None) -> Tree:
    """The live object with what was applied put over it. What is not named in `applied` stays."""
    merged: Tree = _merge(live, applied, place_of(view), "")
    return merged


def _merge(live: Any, applied: Any, place: Place, path: str) -> Any:
    if applied.__class__ is dict and place.kind in (PART, MAP):
        merged = dict(live) if live.__class__ is dict else {}
        for name, value in applied.items():
            merged[name] = _merge(merged.get(name), value, place.child(name)[1], f"{path}.{name}")
        return merged
    if applied.__class__ is list and place.kind >= KEYED:
        return list(_merge_items(live if live.__class__ is list else [], applied, place, path))
    return applied


def _merge_items(live: list[Any], applied: list[Any], place: Place, path: str) -> Iterator[Any]:
    """Applied items in the order applied; between them, as early as may be, the others in their order."""
    theirs, ours = _by_element(live, place), _by_element(applied, place)
    _check_items(ours, path)
    left, right = list(theirs), list(ours)
    shared = iter([element for element in right if element in theirs])
    wanted = next(shared, None)
    at = 0
    for element in right:
        # Pass over the live items that come before: those that are not applied stay here.
        while at < len(left) and left[at] != element and (left[at] not in ours or left[at] != wanted):
            if left[at] not in ours:
                yield from theirs[left[at]]
            at += 1
        others = theirs.get(element, ())
        before = others[0] if len(others) == 1 else None
        yield _merge(before, ours[element][0], place.items, path + _shown(element))
        if element == wanted:
            wanted = next(shared, None)
            at += at < len(left) and left[at] == element
    for element in left[at:]:
        if element not in ours:
            yield from theirs[element]


def _shown(element: str) -> str:
    return next(paths({element: LEAF}))


def _check_items(items: dict[str, list[Any]], path: str) -> None:
    for element, same in items.items():
        if element.startswith("i:"):
            raise StatusError(
                f"failed to create typed patch object: {path}: element {element[2:]}: "
                "associative list with keys has an element that omits all keys"
            )
        if len(same) > 1:
            raise StatusError(
                f"failed to create typed patch object: {path}: duplicate entries for key {_shown(element)}"
            )


def prune(tree: Tree, last: FieldSet, kept: FieldSet, view: View | None) -> Tree:
    """The tree without the places in `last`, which a client named before, unless they are in `kept`.

    An item goes with all that is in it, unless something in it is kept. What becomes empty thereby goes too.
    """
    return _prune(tree, last, kept, place_of(view))


def _prune(tree: Tree, last: FieldSet, kept: FieldSet, place: Place) -> Tree:
    rest: Tree = {}
    for name, value in tree.items():
        element, child = place.child(name)
        below = _pruned(value, last.get(element), kept.get(element), child)
        if below is not _ABSENT:
            rest[name] = below
    return rest


def _pruned(value: Any, last: FieldSet | None, kept: FieldSet | None, place: Place) -> Any:
    if last is None:
        return value
    if kept is None and (not last or "." in last):
        return _ABSENT
    below: Any = value
    if value.__class__ is dict and place.kind in (PART, MAP):
        below = _prune(value, last, kept or {}, place)
    elif value.__class__ is list and place.kind >= KEYED:
        below = _prune_items(value, last, kept or {}, place)
    return below if below or not value or kept is not None else _ABSENT


def _prune_items(items: list[Any], last: FieldSet, kept: FieldSet, place: Place) -> list[Any]:
    rest = []
    for index, item in enumerate(items):
        element = place.element(item, index)
        below = _pruned(item, last.get(element), kept.get(element), place.items)
        if below is not _ABSENT:
            rest.append(below)
    return rest
