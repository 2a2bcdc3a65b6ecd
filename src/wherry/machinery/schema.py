"""Schema: what a type says about its JSON form, and the walk over a JSON tree that follows it.

Types are frozen structs whose attributes carry wire names. Everything has a default, so that code never
asks whether a field is there; what the API distinguishes (absent or false) is optional. Annotations say
what the type alone cannot: how lists merge, which strings are allowed, which defaults are written out.

A `Shape` is the compiled view of one place in an object: what is under a field, how it is patched, owned,
completed. Shapes are made on first use, a class at a time.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, NamedTuple, TypeVar, dataclass_transform

import msgspec

from wherry.machinery import quantity, times
from wherry.machinery.errors import BadRequest


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(msgspec.field,))
class Part(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A piece of an object. Immutable: `edit` makes a changed one."""


PartT = TypeVar("PartT", bound=Part)


def edit(part: PartT, /, **changes: Any) -> PartT:
    """`part` with some fields changed."""
    return msgspec.structs.replace(part, **changes)


def atomic(kind: type[PartT]) -> type[PartT]:
    """Marks a type whose fields have one owner together."""
    _ATOMIC.add(kind)
    return kind


_ATOMIC: set[type] = set()


class ListMap:
    """A list whose items are told apart by the values of these keys."""

    __match_args__ = ("keys",)
    __slots__ = ("keys",)

    def __init__(self, *keys: str) -> None:
        self.keys = keys


@dataclass(frozen=True, slots=True)
class ListSet:
    """A list of values in which none stands twice."""


@dataclass(frozen=True, slots=True)
class Atomic:
    """A list or map that is replaced as a whole and has one owner."""


@dataclass(frozen=True, slots=True)
class Granular:
    """A map whose entries have owners of their own: what maps are unless said otherwise."""


@dataclass(frozen=True, slots=True)
class Merge:
    """How a strategic merge patch treats this field."""

    strategy: str
    key: str = ""


class OneOf:
    """The strings that this field may hold."""

    __match_args__ = ("values",)
    __slots__ = ("values",)

    def __init__(self, *values: str) -> None:
        self.values = values


@dataclass(frozen=True, slots=True)
class Written:
    """The server writes this default out although it is zero."""


@dataclass(frozen=True, slots=True)
class Format:
    """How a scalar is written: int32, int64, byte, date-time, quantity …"""

    name: str


Int32 = Annotated[int, Format("int32")]
Int64 = Annotated[int, Format("int64")]
Bytes = Annotated[str, Format("byte")]
Time = Annotated[str, Format("date-time")]
MicroTime = Annotated[str, Format("micro-time")]
Quantity = Annotated[str, Format("quantity")]
IntOrString = Annotated[int | str, Format("int-or-string")]
Raw = Any

Tree = dict[str, Any]
Complete = Callable[[Tree], None]

NOTHING: Any = msgspec.NODEFAULT


class Shape:
    """One place in an object, as JSON: what stands under a field, in a list or in a map.

    kind: "part", "list", "map", "scalar" or "raw". `items` is what a list or map holds. `type` is the
    part's class or the scalar's Python type.
    """

    __slots__ = (
        "_fields",
        "default",
        "format",
        "items",
        "kind",
        "list_keys",
        "list_type",
        "map_type",
        "merge_key",
        "normal",
        "one_of",
        "optional",
        "patch_strategy",
        "type",
    )

    def __init__(self, kind: str, type: Any, items: Shape | None = None) -> None:
        self.kind = kind
        self.type = type
        self.items = items
        self.default: Any = NOTHING
        self.format = ""
        # Brings a value into the one form it is stored in ("1000m" -> "1"); ValueError where it has none.
        self.normal: Callable[[str], str] | None = None
        self.list_type = ""
        self.list_keys: tuple[str, ...] = ()
        self.map_type = ""
        self.patch_strategy = ""
        self.merge_key = ""
        self.one_of: tuple[str, ...] = ()
        self.optional = False  # a part that may be absent
        self._fields: Fields | None = None

    def __repr__(self) -> str:
        return f"<Shape {self.kind} {getattr(self.type, '__name__', self.type)}>"

    @property
    def fields(self) -> Mapping[str, Shape]:
        """A part's fields by wire name; empty for everything else."""
        return self.parts.shapes if self.kind == "part" else {}

    @property
    def parts(self) -> Fields:
        if self._fields is None:
            self._fields = fields_of(self.type)
        return self._fields

    def field(self, name: str) -> Shape | None:
        """What stands under `name`: a part's field or a map's value; None where the type knows none."""
        if self.kind == "part":
            return self.parts.shapes.get(name)
        return self.items if self.kind == "map" else None


class Fields(NamedTuple):
    """A part's fields: their shapes, the defaults that the server writes out, and what completes the rest."""

    shapes: Mapping[str, Shape]
    defaults: tuple[tuple[str, Any, bool], ...]  # name, value, whether zero counts as unset
    complete: Complete | None
    is_object: bool  # its class says its apiVersion and kind, and so may its tree


def shape_of(kind: type[Part]) -> Shape:
    """The shape of a whole object or part."""
    return _part(kind)


@cache
def _part(kind: type[Part]) -> Shape:
    shape = Shape("part", kind)
    if kind in _ATOMIC:
        shape.map_type = "atomic"
    return shape


@cache
def fields_of(kind: type[Part]) -> Fields:
    hints = typing.get_type_hints(kind, include_extras=True)
    shapes: dict[str, Shape] = {}
    defaults = []
    for field in msgspec.structs.fields(kind):
        shape = _compiled(hints[field.name])
        marks = _marks(hints[field.name])
        if any(isinstance(mark, Written) for mark in marks) or _is_written(field.default):
            shape.default = field.default
            # A zero that may be meant (replicas: 0) is kept; an empty string never is.
            zero_is_unset = isinstance(field.default, str) or field.name in ZERO_IS_UNSET
            defaults.append((field.encode_name, field.default, zero_is_unset))
        shapes[field.encode_name] = shape
    is_object = hasattr(kind, "apiVersion") and "apiVersion" not in shapes
    return Fields(shapes, tuple(defaults), getattr(kind, "complete", None), is_object)


# Numbers that the API's own types cannot tell from unset when they are zero.
ZERO_IS_UNSET = frozenset(
    (
        "timeoutSeconds",
        "periodSeconds",
        "successThreshold",
        "failureThreshold",
        "matchingPrecedence",
        "queues",
        "handSize",
        "queueLengthLimit",
        "nominalConcurrencyShares",
    )
)


def _is_written(default: Any) -> bool:
    return isinstance(default, (str, int)) and bool(default)


def _marks(hint: Any) -> tuple[Any, ...]:
    found: tuple[Any, ...] = ()
    if typing.get_origin(hint) is Annotated:
        found += hint.__metadata__
        hint = hint.__origin__
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        for option in typing.get_args(hint):
            found += _marks(option)
    return found


def _compiled(hint: Any) -> Shape:
    marks = _marks(hint)
    shape = _bare(hint)
    if shape.kind == "part":
        shared, shape = shape, Shape("part", shape.type)
        shape.map_type = shared.map_type
        inner = hint.__origin__ if typing.get_origin(hint) is Annotated else hint
        shape.optional = type(None) in typing.get_args(inner)
    for mark in marks:
        match mark:
            case ListMap(keys):
                shape.list_type, shape.list_keys = "map", keys
            case ListSet():
                shape.list_type = "set"
            case Atomic() if shape.kind == "list":
                shape.list_type = "atomic"
            case Atomic():
                shape.map_type = "atomic"
            case Granular():
                shape.map_type = "granular"
            case Merge(strategy, key):
                shape.patch_strategy, shape.merge_key = strategy, key
            case OneOf(values):
                shape.one_of = values
            case Format(name):
                shape.format = name
                shape.normal = NORMAL.get(name)
    return shape


NORMAL: Mapping[str, Callable[[str], str]] = {
    "quantity": quantity.canonical_milli,
    "date-time": times.canonical,
    "micro-time": times.canonical_micro,
}


def _bare(hint: Any) -> Shape:
    if typing.get_origin(hint) is Annotated:
        hint = hint.__origin__
    origin = typing.get_origin(hint)
    if origin in (typing.Union, types.UnionType):
        options = [option for option in typing.get_args(hint) if option is not type(None)]
        if len(options) > 1:
            return Shape("scalar", (int, str))
        return _bare(options[0])
    if origin is tuple:
        return Shape("list", list, _compiled(typing.get_args(hint)[0]))
    if hint is Any:
        return Shape("raw", object)
    if origin is not None:
        return Shape("map", dict, _compiled(typing.get_args(hint)[1]))
    if isinstance(hint, type) and issubclass(hint, Part):
        return _part(hint)
    return Shape("scalar", hint)


class Findings:
    """What a walk over a tree met that the type does not know. Paths as upstream prints them."""

    __slots__ = ("unknown",)

    def __init__(self) -> None:
        self.unknown: list[str] = []


def complete(tree: Tree, shape: Shape, findings: Findings | None = None, *, root: str = "") -> None:
    """Bring a tree, as a client sent it, into the form in which it is stored: in place.

    Nulls and unknown fields go (the latter are noted in `findings`), defaults come. A value of the
    wrong type is a BadRequest that names the field.
    """
    _complete(tree, shape.parts, findings, root, shape.type.__name__)


def _complete(tree: Tree, parts: Fields, findings: Findings | None, path: str, owner: str) -> None:
    shapes = parts.shapes
    dropped = None
    for name, value in tree.items():
        shape = shapes.get(name)
        if shape is None or value is None:
            if shape is None and name in ("apiVersion", "kind") and parts.is_object:
                continue
            if shape is None and findings is not None:
                findings.unknown.append(f"{path}.{name}" if path else name)
            dropped = [name] if dropped is None else [*dropped, name]
            continue
        kind = shape.kind
        if kind == "scalar":
            if value.__class__ is not shape.type:
                value = tree[name] = _scalar(value, shape, path, name, owner)
            if shape.normal is not None and value:
                tree[name] = _normal(value, shape.normal, path, name, owner)
        elif kind != "raw":
            _nested(value, shape, findings, f"{path}.{name}" if path else name, name, owner)
    if dropped:
        for name in dropped:
            del tree[name]
    for name, default, zero_is_unset in parts.defaults:
        if name not in tree or (zero_is_unset and not tree[name]):
            tree[name] = default
    if parts.complete is not None:
        parts.complete(tree)


def _nested(value: Any, shape: Shape, findings: Findings | None, path: str, name: str, owner: str) -> None:
    if value.__class__ is not shape.type and not (shape.kind == "part" and value.__class__ is dict):
        raise wrong_type(value, path, name, owner, shape)
    if shape.kind == "part":
        _complete(value, shape.parts, findings, path, shape.type.__name__)
        return
    items = shape.items
    assert items is not None
    pairs = enumerate(value) if shape.kind == "list" else value.items()
    kind = items.kind
    if kind == "raw":
        return
    for key, item in pairs:
        if kind == "scalar":
            if item.__class__ is not items.type:
                item = value[key] = "" if item is None else _scalar(item, items, path, name, owner)
            if items.normal is not None and item:
                value[key] = _normal(item, items.normal, path, name, owner)
        elif item is None:
            value[key] = {}
        else:
            where = f"{path}[{key}]" if shape.kind == "list" else f"{path}.{key}"
            _nested(item, items, findings, where, name, owner)


def _normal(value: str, normal: Callable[[str], str], path: str, name: str, owner: str) -> str:
    try:
        return normal(value)
    except ValueError as error:
        raise BadRequest(f"json: cannot unmarshal {owner}.{path}.{name}: {error}") from None


def _scalar(value: Any, shape: Shape, path: str, name: str, owner: str) -> Any:
    """A scalar whose class is not the expected one: the few that are meant are brought into form."""
    expected = shape.type
    where = f"{path}.{name}" if path else name
    if shape.format == "quantity" and type(value) in (int, float):
        return str(value)
    if type(expected) is tuple and type(value) in expected:
        return value
    if expected is float and type(value) is int:
        return value
    if expected is int and type(value) is float and value.is_integer():
        return int(value)
    raise wrong_type(value, where, name, owner, shape)


_GO_TYPES = {int: "int32", str: "string", bool: "bool", float: "float64"}
_JSON_TYPES = {str: "string", int: "number", float: "number", bool: "bool", list: "array", dict: "object"}


def wrong_type(value: Any, path: str, name: str, owner: str, shape: Shape) -> BadRequest:
    found = _JSON_TYPES.get(type(value), "null")
    if shape.kind == "scalar":
        wanted = shape.format if shape.format in ("int32", "int64") else _GO_TYPES.get(shape.type, "string")
    else:
        wanted = {"list": "array", "map": "map", "part": getattr(shape.type, "__name__", "object")}[
            shape.kind
        ]
    return BadRequest(f"json: cannot unmarshal {found} into Go struct field {owner}.{path} of type {wanted}")
