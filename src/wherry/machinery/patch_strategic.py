"""Strategic merge patch: a merge patch that knows which lists are merged item by item, and by which key.

Directives, as kubectl sends them:

    $patch: replace | delete | merge     in an object, or in an item of a merged list
    $deleteFromPrimitiveList/<field>     values to take out of a list of plain values
    $setElementOrder/<field>             the order that a merged list shall have
    $retainKeys                          the only fields that an object may keep
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from wherry.machinery.errors import BadRequest, StatusError
from wherry.machinery.view import View

Tree = dict[str, Any]
Items = list[Any]

PATCH = "$patch"
RETAIN = "$retainKeys"
DELETE = "$deleteFromPrimitiveList"
ORDER = "$setElementOrder"

_BAD_DELETE = "invalid patch format of primitive list"
_BAD_ORDER = "invalid patch format of setElementOrder list"
_BAD_RETAIN = "invalid patch format of retainKeys"


def apply(tree: Tree, patch: Any, view: View | None) -> Tree:
    """The patched tree. Neither argument changes; the result shares what did not change."""
    if not isinstance(patch, dict):
        raise BadRequest("invalid JSON document: a strategic merge patch is an object")
    return _merge(tree, patch, view)


def _merge(tree: Tree, patch: Tree, view: View | None) -> Tree:
    if PATCH in patch:
        return _directed(tree, patch, view)
    merged = _retained(tree, patch) if RETAIN in patch else dict(tree)
    orders = {name[len(ORDER) + 1 :]: order for name, order in patch.items() if name.startswith(ORDER)}
    for name, order in orders.items():
        _merge_ordered(merged, patch, name, order, _known(view, name))
    for name, value in patch.items():
        if name.startswith("$"):
            if name.startswith(DELETE):
                _delete_values(merged, name, value)
        elif value is None:
            merged.pop(name, None)
        elif name not in orders or not isinstance(value, list):
            merged[name] = _value(merged.get(name), value, view.field(name) if view else None)
    return merged


def _known(view: View | None, name: str) -> View | None:
    """The view of a list that a directive names: it must be known, for its merge key."""
    if view is None:
        return None
    if (inner := view.field(name)) is None:
        raise StatusError(f'unable to find api field for the json field "{name}"')
    return inner


def _directed(tree: Tree, patch: Tree, view: View | None) -> Tree:
    rest = {name: value for name, value in patch.items() if name != PATCH}
    match patch[PATCH]:
        case "replace":
            return _cleaned(rest)
        case "delete":
            return {}
        case "merge":
            return _merge(tree, rest, view)
        case unknown:
            raise StatusError(f"unknown patch type: {unknown!r} in map: {patch!r}")


def _cleaned(tree: Tree) -> Tree:
    """A new object as it will be kept: what null takes away was not there."""
    return {name: value for name, value in tree.items() if value is not None}


def _retained(tree: Tree, patch: Tree) -> Tree:
    keep = patch[RETAIN]
    if not isinstance(keep, list):
        raise BadRequest(_BAD_RETAIN)
    for name, value in patch.items():
        if value is not None and name not in keep and not name.startswith("$"):
            raise BadRequest(_BAD_RETAIN)
    return {name: value for name, value in tree.items() if name in keep}


def _value(old: Any, new: Any, view: View | None) -> Any:
    strategies = view.patch_strategy.split(",") if view and view.patch_strategy else ()
    if isinstance(new, dict):
        base = old if isinstance(old, dict) and "replace" not in strategies else {}
        return _merge(base, new, view)
    if isinstance(new, list) and "merge" in strategies:
        assert view is not None
        return _merge_list(old if isinstance(old, list) else [], new, view)
    return new


def _merge_list(old: Items, patch: Items, view: View) -> Items:
    """Items of the patch into the list: by merge key, or as a set of plain values.

    The items of the patch come in its order, the others keep their places between them.
    """
    if not patch:
        return old
    key = view.merge_key if any(isinstance(item, (dict, list)) for item in (*old, *patch)) else ""
    if not key:
        if any(isinstance(item, dict) for item in patch):
            raise StatusError("cannot merge lists without merge key")
        return _ordered(list(dict.fromkeys((*old, *patch))), patch, old, key)
    old, patch = _without_directives(old, patch, key)
    return _ordered(_merge_items(old, patch, key, view.items), patch, old, key)


def _without_directives(old: Items, patch: Items, key: str) -> tuple[Items, Items]:
    """Both lists after the patch's items that bear a directive have done their work."""
    plain, gone, replace = [], [], False
    for item in patch:
        directive = item.get(PATCH) if isinstance(item, dict) else None
        if directive is None:
            plain.append(item)
        elif directive == "delete":
            gone.append(_identity(item, key))
        elif directive == "replace":
            replace = True
        elif directive == "merge":
            raise StatusError("merging lists cannot yet be specified in the patch")
        else:
            raise StatusError(f"unknown patch type: {directive!r} in map: {item!r}")
    if replace:
        return [], plain
    return [item for item in old if not (isinstance(item, dict) and item.get(key) in gone)], plain


def _merge_items(old: Items, patch: Items, key: str, view: View | None) -> Items:
    merged = list(old)
    # Ports can share a number: as upstream, a patch reaches the first item with the key.
    place: dict[Any, int] = {}
    for at, item in enumerate(old):
        place.setdefault(_identity(item, key), at)
    for item in patch:
        identity = _identity(item, key)
        at = place.setdefault(identity, len(merged))
        if at == len(merged):
            merged.append(_merge({}, item, view))
        else:
            merged[at] = _merge(merged[at], item, view)
    return merged


def _identity(item: Any, key: str) -> Any:
    """What tells an item of a list apart: itself, or the value of its merge key."""
    if not key:
        return item
    if not isinstance(item, dict):
        raise StatusError(f"expected an object with the merge key {key}, got {item!r}")
    if key not in item:
        raise StatusError(f"map: {item!r} does not contain declared merge key: {key}")
    return item[key]


def _merge_ordered(merged: Tree, patch: Tree, name: str, order: Any, view: View | None) -> None:
    """A list for which the patch gives the order: merge, then put in order."""
    old, new = merged.get(name), patch.get(name)
    if not name or not isinstance(order, list):
        raise BadRequest(_BAD_ORDER)
    if new is not None and not isinstance(new, list):
        raise BadRequest(_BAD_ORDER)
    if old is None and new is None:
        return
    key = view.merge_key if view else ""
    _check_order(new or [], order, key)
    items = (old or []) if new is None else _value(old, new, view)
    merged[name] = _ordered(items, order, old or [], key)


def _check_order(patch: Items, order: Items, key: str) -> None:
    """The items of the patch must all be named in the order, and in that order."""
    named = iter([_identity(item, key) for item in order])
    if not order:
        return
    for item in patch:
        if isinstance(item, dict) and PATCH in item:
            continue
        identity = _identity(item, key)
        if not any(identity == other for other in named):
            raise StatusError(
                f"The order in patch list:\n{patch!r}\n doesn't match {ORDER} list:\n{order!r}\n"
            )


def _ordered(items: Items, order: Items, old: Items, key: str) -> Items:
    """`items`: those named in `order` in that order, the others where they stood among them before."""
    wanted = _ranks(order, key)
    before = _ranks(old, key)
    named = [item for item in items if _identity(item, key) in wanted]
    others = [item for item in items if _identity(item, key) not in wanted]
    named.sort(key=lambda item: wanted[_identity(item, key)])
    result: Items = []
    waiting = iter(others)
    other = next(waiting, _NONE)
    for item in named:
        rank = before.get(_identity(item, key), -1)
        while other is not _NONE and before[_identity(other, key)] < rank:
            result.append(other)
            other = next(waiting, _NONE)
        result.append(item)
    if other is not _NONE:
        result.append(other)
        result.extend(waiting)
    return result


_NONE = object()


def _ranks(items: Iterable[Any], key: str) -> dict[Any, int]:
    ranks: dict[Any, int] = {}
    for rank, item in enumerate(items):
        ranks.setdefault(_identity(item, key), rank)
    return ranks


def _delete_values(merged: Tree, directive: str, values: Any) -> None:
    prefix, _, name = directive.partition("/")
    if prefix != DELETE or not name or not isinstance(values, list):
        raise BadRequest(_BAD_DELETE)
    if isinstance(old := merged.get(name), list):
        merged[name] = [value for value in old if value not in values]
