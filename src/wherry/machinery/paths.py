"""Paths: where something stands in an object: `spec.containers[0].ports[1].name`, and what stands there.

A field path names one place, for errors. A JSONPath, in the simple form that the API takes for columns
and selectable fields (`.spec.ports[*].port`, `.status.conditions[?(@.type=="Ready")].status`), finds values.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import Any


def child(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def at(path: str, key: int | str) -> str:
    """An item of a list, or a value of a map, by its key."""
    return f"{path}[{key}]"


def field_path(*steps: str | int) -> str:
    """`field_path("spec", "containers", 0)` is `spec.containers[0]`."""
    path = ""
    for step in steps:
        path = at(path, step) if isinstance(step, int) else child(path, step)
    return path


class PathError(ValueError):
    """The text is not a JSONPath of the simple form."""


Step = Callable[[Any], Iterable[Any]]

_STEP = re.compile(
    r"""
      \.?\[\s*(?P<quoted>'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*")\s*\]
    | \.?\[\s*(?P<index>-?\d+)\s*\]
    | \.?\[\s*(?P<first>-?\d+)?\s*:\s*(?P<last>-?\d+)?\s*\]
    | (?P<all>\.?\[\s*\*\s*\]|\.\*)
    | \.?\[\?\(\s*@(?P<inner>(?:\.(?:\\.|[-\w/])+|\[[^\]]*\])*)\s*
        (?:(?P<operator>==|!=|<=|>=|<|>)\s*(?P<literal>'[^']*'|"[^"]*"|-?\d+(?:\.\d+)?|true|false)\s*)?\)\]
    | \.(?P<name>(?:\\.|[^.\[\]\\*{}()'"\s])+)
    """,
    re.VERBOSE | re.ASCII,
)


class JSONPath:
    """A compiled path."""

    __slots__ = ("names", "steps", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.steps: list[Step] = []
        self.names: tuple[str, ...] | None = ()  # where the path is nothing but names, these
        for match in _matches(text.removeprefix("{").removesuffix("}").removeprefix("$")):
            self.steps.append(_step(match))
            if self.names is not None:
                name = _name(match)
                self.names = None if name is None else (*self.names, name)

    def find(self, tree: Any) -> list[Any]:
        """All values at the path; what is missing is passed over."""
        if self.names is not None:
            return self._by_names(tree, self.names)
        found = [tree]
        for step in self.steps:
            found = [value for place in found for value in step(place)]
        return found

    @staticmethod
    def _by_names(tree: Any, names: tuple[str, ...]) -> list[Any]:
        for name in names:
            if not isinstance(tree, dict) or name not in tree:
                return []
            tree = tree[name]
        return [tree]

    def first(self, tree: Any) -> Any:
        """The first value at the path, or None."""
        return next(iter(self.find(tree)), None)


@lru_cache(maxsize=1024)
def json_path(text: str) -> JSONPath:
    """The path that `text` means: `.a.b`, also as `{.a.b}` or `$.a.b`."""
    return JSONPath(text)


def _matches(text: str) -> Iterator[re.Match[str]]:
    position = 0
    if text == ".":
        return
    while position < len(text):
        match = _STEP.match(text, position)
        if match is None:
            raise PathError(f"unrecognized character in path at {text[position:]!r}")
        yield match
        position = match.end()
    if not text:
        raise PathError("the path is empty")


def _name(match: re.Match[str]) -> str | None:
    if match["name"] is not None:
        return re.sub(r"\\(.)", r"\1", match["name"])
    if match["quoted"] is not None:
        return re.sub(r"\\(.)", r"\1", match["quoted"][1:-1])
    return None


def _step(match: re.Match[str]) -> Step:
    name = _name(match)
    if name is not None:
        return lambda value: (value[name],) if isinstance(value, dict) and name in value else ()
    if match["index"] is not None:
        index = int(match["index"])
        return lambda value: _items(value)[index : index + 1 or None]
    if match["all"] is not None:
        return lambda value: list(value.values()) if isinstance(value, dict) else _items(value)
    if match["inner"] is not None:
        return _filter(match)
    bounds = [int(bound) if bound else None for bound in (match["first"], match["last"])]
    return lambda value: _items(value)[slice(*bounds)]


def _items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "==": lambda left, right: left == right,
    "!=": lambda left, right: left != right,
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
}


def _filter(match: re.Match[str]) -> Step:
    """Items in which something stands, or compares with a literal."""
    inner = JSONPath(match["inner"]) if match["inner"] else JSONPath(".")
    if match["operator"] is None:
        return lambda value: [item for item in _items(value) if inner.find(item)]
    compare, wanted = _COMPARE[match["operator"]], _literal(match["literal"])

    def holds(item: Any) -> bool:
        return any(_alike(found, wanted) and compare(found, wanted) for found in inner.find(item))

    return lambda value: [item for item in _items(value) if holds(item)]


def _alike(left: Any, right: Any) -> bool:
    numbers = (int, float)
    if isinstance(left, bool) or isinstance(right, bool):
        return isinstance(left, bool) and isinstance(right, bool)
    return type(left) is type(right) or (isinstance(left, numbers) and isinstance(right, numbers))


def _literal(text: str) -> Any:
    if text[0] in "'\"":
        return text[1:-1]
    if text in ("true", "false"):
        return text == "true"
    return float(text) if "." in text else int(text)
