"""Selectors: which objects a label selector means, as text (`app=web,tier in (a,b)`) or as LabelSelector."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from wherry.machinery.errors import FieldError, invalid
from wherry.machinery.names import check_label_key, check_label_value

BINARY_OPERATORS = "in, notin, =, ==, !=, gt, lt"

_OPERATORS = {"In": "in", "NotIn": "notin", "Exists": "exists", "DoesNotExist": "!"}
_INT64 = range(-(2**63), 2**63)

Labels = Mapping[str, str]
Test = Callable[[Labels], bool]


class SelectorError(ValueError):
    """The text or the LabelSelector says nothing that can be looked for."""


class Requirement(NamedTuple):
    """One condition on one label. Operators: in notin = == != exists ! gt lt."""

    key: str
    operator: str
    values: tuple[str, ...] = ()

    def __str__(self) -> str:
        match self.operator:
            case "exists":
                return self.key
            case "!":
                return f"!{self.key}"
            case "in" | "notin":
                return f"{self.key} {self.operator} ({','.join(sorted(self.values))})"
            case "gt" | "lt":
                return f"{self.key}{'>' if self.operator == 'gt' else '<'}{self.values[0]}"
            case _:
                return f"{self.key}{self.operator}{self.values[0]}"


class Selector:
    """Requirements that must all hold. Without any it matches everything; `NOTHING` matches nothing."""

    __slots__ = ("_pairs", "_tests", "requirements")

    def __init__(self, requirements: Iterable[Requirement] = (), *, nothing: bool = False) -> None:
        self.requirements = tuple(sorted(requirements, key=lambda requirement: requirement.key))
        self._pairs: list[tuple[str, str]] = []
        self._tests: list[Test] = [lambda labels: False] if nothing else []
        for requirement in self.requirements:
            if requirement.operator in ("=", "==", "in") and len(requirement.values) == 1:
                self._pairs.append((requirement.key, requirement.values[0]))
            else:
                self._tests.append(_test(requirement))

    def matches(self, labels: Labels) -> bool:
        for key, value in self._pairs:
            if labels.get(key) != value:
                return False
        for test in self._tests:  # noqa: SIM110 - asked millions of times: a generator costs twice as much
            if not test(labels):
                return False
        return True

    @property
    def matches_everything(self) -> bool:
        return not self._pairs and not self._tests

    @property
    def matches_nothing(self) -> bool:
        """Whether it says so outright; contradictions are not looked for."""
        return not self.requirements and bool(self._tests)

    def exact(self, key: str) -> str | None:
        """The one value that the label `key` must have, if there is one: for indexes."""
        return next((value for name, value in self._pairs if name == key), None)

    def __str__(self) -> str:
        return ",".join(map(str, self.requirements))

    def __repr__(self) -> str:
        return "Selector(nothing)" if self.matches_nothing else f"Selector({str(self)!r})"

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Selector)
            and self.requirements == other.requirements
            and self.matches_nothing == other.matches_nothing
        )

    def __hash__(self) -> int:
        return hash((self.requirements, self.matches_nothing))


def _test(requirement: Requirement) -> Test:
    key, values = requirement.key, frozenset(requirement.values)
    match requirement.operator:
        case "in" | "=" | "==":
            return lambda labels: key in labels and labels[key] in values
        case "notin" | "!=":
            return lambda labels: key not in labels or labels[key] not in values
        case "exists":
            return lambda labels: key in labels
        case "!":
            return lambda labels: key not in labels
    bound, greater = int(requirement.values[0]), requirement.operator == "gt"

    def compares(labels: Labels) -> bool:
        number = _integer(labels.get(key, ""))
        return number is not None and (number > bound if greater else number < bound)

    return compares


EVERYTHING = Selector()
NOTHING = Selector(nothing=True)


def _integer(text: str) -> int | None:
    """A 64-bit integer in plain decimal, else None."""
    if not re.fullmatch(r"[+-]?[0-9]+", text) or int(text) not in _INT64:
        return None
    return int(text)


def requirement(key: str, operator: str, values: Iterable[str] = ()) -> Requirement:
    """A checked Requirement, or a SelectorError that lists all that is wrong."""
    values = tuple(values)
    errors = [*_key_errors(key, "key"), *_value_errors(key, operator, values)]
    if len(errors) > 1:
        raise SelectorError(f"[{', '.join(map(str, errors))}]")
    if errors:
        raise SelectorError(str(errors[0]))
    return Requirement(key, operator, values)


def _key_errors(key: str, path: str) -> Iterator[FieldError]:
    if problems := check_label_key(key):
        yield invalid(path, key, "; ".join(problems))


def _value_errors(key: str, operator: str, values: tuple[str, ...]) -> Iterator[FieldError]:
    if operator in ("in", "notin") and not values:
        yield invalid("values", values, "for 'in', 'notin' operators, values set can't be empty")
    if operator in ("exists", "!") and values:
        yield invalid("values", values, "values set must be empty for exists and does not exist")
    if operator in ("gt", "lt"):
        for i, value in enumerate(values):
            if _integer(value) is None:
                detail = "for 'Gt', 'Lt' operators, the value must be an integer"
                yield invalid(f"values[{i}]", value, detail)
    for i, value in enumerate(values):
        if problems := check_label_value(value):
            yield invalid(f"values[{i}][{key}]", value, "; ".join(problems))


def from_labels(labels: Labels) -> Selector:
    """Objects that have all these labels: what Services and ReplicationControllers select. {}: everything."""
    return Selector(Requirement(key, "=", (value,)) for key, value in labels.items())


def from_label_selector(source: Any) -> Selector:
    """A LabelSelector, struct or tree. None selects nothing, an empty one everything."""
    if source is None:
        return NOTHING
    found = [requirement(key, "=", (value,)) for key, value in (_get(source, "matchLabels") or {}).items()]
    for expression in _get(source, "matchExpressions") or ():
        operator = _get(expression, "operator")
        if operator not in _OPERATORS:
            raise SelectorError(f'"{operator}" is not a valid label selector operator')
        found.append(
            requirement(_get(expression, "key"), _OPERATORS[operator], _get(expression, "values") or ())
        )
    return Selector(found)


def _get(source: Any, name: str) -> Any:
    return source.get(name) if isinstance(source, Mapping) else getattr(source, name)


def format_label_selector(source: Any) -> str:
    """A LabelSelector as tables show it."""
    try:
        selector = from_label_selector(source)
    except SelectorError:
        return "<error>"
    return str(selector) or "<none>"


@lru_cache(maxsize=1024)
def parse(text: str) -> Selector:
    """A selector written as in `kubectl get -l`."""
    return Selector(_Parser(text).requirements())


_TOKEN = re.compile(r"[ \t\r\n]*(?:(==|!=|[=!(),<>])|([^ \t\r\n=!(),<>]+)|$)")
_SYMBOLS = frozenset({"=", "==", "!=", "!", "(", ")", ",", "<", ">"})


class _Parser:
    """Reads tokens from left to right. The token "" is the end."""

    def __init__(self, text: str) -> None:
        self.tokens = [match[1] or match[2] or "" for match in _TOKEN.finditer(text)]
        self.at = 0

    def peek(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def take(self) -> str:
        token = self.peek()
        self.at += 1
        return token

    def requirements(self) -> Iterator[Requirement]:
        while token := self.peek():
            if token != "!" and token in _SYMBOLS:
                raise SelectorError(f"found '{token}', expected: !, identifier, or 'end of string'")
            yield self.requirement()
            token = self.take()
            if token not in ("", ","):
                raise SelectorError(f"found '{token}', expected: ',' or 'end of string'")
            if token == "," and not _starts(after := self.peek()):
                raise SelectorError(f"found '{after}', expected: identifier after ','")

    def requirement(self) -> Requirement:
        try:
            return self._requirement()
        except SelectorError as error:
            raise SelectorError(f"unable to parse requirement: {error}") from None

    def _requirement(self) -> Requirement:
        token = self.take()
        absent = token == "!"
        key = self.take() if absent else token
        if not _is_word(key):
            raise SelectorError(f"found '{key}', expected: identifier")
        for error in _key_errors(key, "<nil>"):
            raise SelectorError(str(error))
        if self.peek() in ("", ","):
            return requirement(key, "!" if absent else "exists")
        if absent:  # upstream reads "!a" followed by anything as if it ended here
            return requirement(key, "!")
        return self._comparison(key)

    def _comparison(self, key: str) -> Requirement:
        match operator := self.take():
            case "in" | "notin":
                return requirement(key, operator, self._values())
            case "=" | "==" | "!=":
                return requirement(key, operator, (self._exact_value(),))
            case "<" | ">":
                return requirement(key, "gt" if operator == ">" else "lt", (self._exact_value(),))
        raise SelectorError(f"found '{operator}', expected: {BINARY_OPERATORS}")

    def _exact_value(self) -> str:
        if self.peek() in ("", ","):
            return ""
        value = self.take()
        if not _is_word(value):
            raise SelectorError(f"found '{value}', expected: identifier")
        return value

    def _values(self) -> tuple[str, ...]:
        """`(a,b)`; where nothing stands between commas the empty value is meant."""
        if (token := self.take()) != "(":
            raise SelectorError(f"found '{token}' expected: '('")
        if not _is_word(token := self.peek()) and token not in (",", ")"):
            raise SelectorError(f"found '{token}', expected: ',', ')' or identifier")
        values: set[str] = set()
        while True:
            values.add(self.take() if _is_word(self.peek()) else "")
            if (token := self.take()) == ")":
                return tuple(sorted(values))
            if token != ",":
                raise SelectorError(f"found '{token}', expected: ',' or ')'")


def _is_word(token: str) -> bool:
    return bool(token) and token not in _SYMBOLS


def _starts(token: str) -> bool:
    return token == "!" or _is_word(token)
