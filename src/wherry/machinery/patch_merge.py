"""JSON merge patch (RFC 7386): a tree that looks like what should change; null removes."""

from __future__ import annotations

from typing import Any


def apply(tree: Any, patch: Any) -> Any:
    """The patched tree. Neither argument changes; the result shares what did not change."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(tree) if isinstance(tree, dict) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = apply(merged.get(name), value)
    return merged


def difference(old: Any, new: Any) -> Any:
    """The smallest patch that makes `old` into `new`. Objects only; a null in `new` cannot be expressed."""
    patch: dict[str, Any] = {name: None for name in old if name not in new}
    for name, value in new.items():
        before = old.get(name)
        if isinstance(value, dict) and isinstance(before, dict):
            if inner := difference(before, value):
                patch[name] = inner
        elif name not in old or before != value or type(before) is not type(value):
            patch[name] = value
    return patch
