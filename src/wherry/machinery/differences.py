"""Differences: what differs between two forms of a part, for people to read."""

from __future__ import annotations

import json
from typing import Any

import msgspec


def difference(old: Any, new: Any) -> str:
    """The lines of indented JSON that differ, with two lines around them."""
    import difflib  # needed by few refusals only

    before, after = (json.dumps(msgspec.to_builtins(part), indent=2, sort_keys=True) for part in (old, new))
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=2)
    return "\n".join(line for line in lines if not line.startswith(("---", "+++", "@@")))
