"""Labels: which labels and label selectors the API takes. Problems come as one FieldError each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from wherry.machinery import names
from wherry.machinery.errors import FieldError, forbidden, invalid, required
from wherry.machinery.paths import at, child


def validate_labels(labels: Mapping[str, str], path: str) -> Iterator[FieldError]:
    for key, value in labels.items():
        for problem in names.check_label_key(key):
            yield invalid(path, key, problem)
        for problem in names.check_label_value(value):
            yield invalid(path, value, problem)


def validate_label_selector(source: Any, path: str) -> Iterator[FieldError]:
    """A LabelSelector, struct or tree."""
    if source is None:
        return
    yield from validate_labels(_get(source, "matchLabels") or {}, child(path, "matchLabels"))
    for index, expression in enumerate(_get(source, "matchExpressions") or ()):
        yield from _validate_expression(expression, at(child(path, "matchExpressions"), index))


def _validate_expression(expression: Any, path: str) -> Iterator[FieldError]:
    operator, values = _get(expression, "operator") or "", _get(expression, "values") or ()
    if operator in ("In", "NotIn"):
        if not values:
            yield required(f"{path}.values", "must be specified when `operator` is 'In' or 'NotIn'")
    elif operator in ("Exists", "DoesNotExist"):
        if values:
            detail = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
            yield forbidden(f"{path}.values", detail)
    else:
        yield invalid(f"{path}.operator", operator, "not a valid selector operator")
    key = _get(expression, "key") or ""
    for problem in names.check_label_key(key):
        yield invalid(f"{path}.key", key, problem)
    for index, value in enumerate(values):
        for problem in names.check_label_value(value):
            yield invalid(f"{path}.values[{index}]", value, problem)


def _get(source: Any, name: str) -> Any:
    return source.get(name) if isinstance(source, Mapping) else getattr(source, name)
