"""JSON patch: a list of operations (RFC 6902) applied to a JSON tree, which stays as it is.

Where the RFC and upstream's API server differ, upstream is followed: negative indexes count from the end,
and a test against null passes where nothing stands.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from wherry.machinery.errors import BadRequest, Cause, Invalid, RequestEntityTooLarge

MAX_OPERATIONS = 10_000

Tree = Any


def apply(tree: Tree, operations: Any) -> Tree:
    """The patched tree.

    A body that is no list of operations is a BadRequest, an operation that cannot be done, or a test that
    fails, is Invalid: then nothing was done.
    """
    if not isinstance(operations, list) or not all(isinstance(each, dict) for each in operations):
        raise BadRequest("a JSON patch is a list of operations: [{op, path, value or from}, …]")
    if len(operations) > MAX_OPERATIONS:
        raise RequestEntityTooLarge(
            "Request entity too large: The allowed maximum operations in a JSON patch is "
            f"{MAX_OPERATIONS}, got {len(operations)}"
        )
    document = _Document(tree)
    for operation in operations:
        document.apply(operation)
    return document.root


def pointer(text: Any) -> list[str]:
    """The steps of a JSON pointer (RFC 6901)."""
    if not isinstance(text, str):
        raise _refused(f"path {text!r} is not a string")
    if text == "":
        return []
    if text[0] != "/":
        raise _refused(f"path '{text}' does not begin with '/'")
    return [step.replace("~1", "/").replace("~0", "~") for step in text[1:].split("/")]


def escaped(step: str) -> str:
    """A name as one step of a JSON pointer."""
    return step.replace("~", "~0").replace("/", "~1")


def _refused(why: str) -> Invalid:
    """What upstream says, and the reason, which it keeps to itself, as a cause."""
    return Invalid(
        "the server rejected our request due to an error in our request",
        (Cause("UnexpectedServerResponse", why),),
    )


_MISSING = object()


class _Document:
    """A tree under change. What lies on the way to a change is copied, once."""

    def __init__(self, root: Tree) -> None:
        self.root = root
        self._own: dict[int, Any] = {}  # containers made here; kept alive, so that ids stay theirs

    def apply(self, operation: dict[str, Any]) -> None:
        op = operation.get("op")
        do = _OPERATIONS.get(op) if isinstance(op, str) else None
        if do is None:
            raise _refused(f"unexpected operation {op!r}: use add, remove, replace, move, copy or test")
        if "path" not in operation:
            raise _refused(f"operation {op} has no path")
        do(self, operation)

    def add(self, operation: dict[str, Any]) -> None:
        self._put(operation["path"], _value(operation))

    def remove(self, operation: dict[str, Any]) -> None:
        self._take(operation["path"])

    def replace(self, operation: dict[str, Any]) -> None:
        path, value = operation["path"], _value(operation)
        if not (steps := pointer(path)):
            self.root = value
            return
        parent = self._parent(steps, path)
        if isinstance(parent, list):
            parent[_index(steps[-1], len(parent), path)] = value
        elif steps[-1] in parent:
            parent[steps[-1]] = value
        else:
            raise _refused(f"replace: nothing stands at '{path}'")

    def move(self, operation: dict[str, Any]) -> None:
        self._put(operation["path"], self._take(_source(operation)))

    def copy(self, operation: dict[str, Any]) -> None:
        source = _source(operation)
        value = self._get(source)
        if value is _MISSING:
            raise _refused(f"copy: nothing stands at '{source}'")
        # What was made here may be changed in place later: then not in both places.
        self._own.clear()
        self._put(operation["path"], value)

    def test(self, operation: dict[str, Any]) -> None:
        path, wanted = operation["path"], operation.get("value")
        found = self._get(path)
        if not same(None if found is _MISSING else found, wanted):
            raise _refused(f"testing value {path} failed: test failed")

    def _get(self, path: Any) -> Any:
        at = self.root
        for step in pointer(path):
            if isinstance(at, list):
                try:
                    at = at[_index(step, len(at), path)]
                except Invalid:
                    return _MISSING
            elif isinstance(at, dict) and step in at:
                at = at[step]
            else:
                return _MISSING
        return at

    def _put(self, path: Any, value: Any) -> None:
        if not (steps := pointer(path)):
            self.root = value
            return
        parent, last = self._parent(steps, path), steps[-1]
        if isinstance(parent, list):
            parent.insert(len(parent) if last == "-" else _index(last, len(parent) + 1, path), value)
        else:
            parent[last] = value

    def _take(self, path: Any) -> Any:
        if not (steps := pointer(path)):
            raise _refused("the whole object cannot be removed")
        parent, last = self._parent(steps, path), steps[-1]
        if isinstance(parent, list):
            return parent.pop(_index(last, len(parent), path))
        if last not in parent:
            raise _refused(f"remove: nothing stands at '{path}'")
        return parent.pop(last)

    def _parent(self, steps: Sequence[str], path: str) -> Any:
        """The container that the last step leads out of, made ready for change."""
        at = self.root = self._owned(self.root, path)
        for step in steps[:-1]:
            key: Any = _index(step, len(at), path) if isinstance(at, list) else step
            if isinstance(at, dict) and key not in at:
                raise _refused(f"nothing stands at '{path}': '{step}' is missing")
            at[key] = self._owned(at[key], path)
            at = at[key]
        return at

    def _owned(self, container: Any, path: str) -> Any:
        if not isinstance(container, (dict, list)):
            raise _refused(f"nothing can stand at '{path}': it leads through a plain value")
        if id(container) in self._own:
            return container
        fresh = container.copy()
        self._own[id(fresh)] = fresh
        return fresh


_OPERATIONS: dict[str, Callable[[_Document, dict[str, Any]], None]] = {
    "add": _Document.add,
    "remove": _Document.remove,
    "replace": _Document.replace,
    "move": _Document.move,
    "copy": _Document.copy,
    "test": _Document.test,
}


def _value(operation: dict[str, Any]) -> Any:
    if "value" not in operation:
        raise _refused(f"operation {operation['op']} '{operation['path']}' has no value")
    return operation["value"]


def _source(operation: dict[str, Any]) -> Any:
    if "from" not in operation:
        raise _refused(f"operation {operation['op']} '{operation['path']}' has no from")
    return operation["from"]


def _index(step: str, length: int, path: Any) -> int:
    digits = step.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) < 10):
        raise _refused(f"'{step}' in '{path}' is not an index")
    index = int(step)
    if not -length <= index < length:
        raise _refused(f"index {step} in '{path}' is out of bounds")
    return index % length


def same(left: Any, right: Any) -> bool:
    """Whether two JSON values are equal. Unlike in Python, true is not 1."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    return bool(left == right)
