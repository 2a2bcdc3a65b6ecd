"""View: what patches and field ownership must know about one place in an object.

`wherry.machinery.schema.Shape` is one, made from annotations; custom resources make theirs from their
OpenAPI schema. Where there is no view (None) nothing is known: maps are then merged name by name, lists
replaced whole.
"""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable


@runtime_checkable
class View(Protocol):
    """One place in an object."""

    @property
    def kind(self) -> str:
        """`part` (an object with known fields), `map`, `list`, `scalar`, or `raw` (anything)."""
        ...

    @property
    def optional(self) -> bool:
        """Whether a part may be absent; what every object of the type has cannot be added or removed."""
        ...

    @property
    def items(self) -> View | None:
        """What a list or a map holds."""
        ...

    @property
    def default(self) -> Any:
        """What stands here where nothing was written; anything but a JSON value: nothing."""
        ...

    @property
    def patch_strategy(self) -> str:
        """For strategic merge patches: `merge`, `replace`, `retainKeys`, `merge,retainKeys` or empty."""
        ...

    @property
    def merge_key(self) -> str:
        """The field that tells items of a merged list apart; empty for lists of plain values."""
        ...

    @property
    def list_type(self) -> str:
        """For ownership of lists: `map`, `set`, or `atomic` (also when empty)."""
        ...

    @property
    def list_keys(self) -> tuple[str, ...]:
        """The fields that tell items of a `map` list apart."""
        ...

    @property
    def map_type(self) -> str:
        """For ownership of objects: `atomic`, or `granular` (also when empty)."""
        ...

    def __hash__(self) -> int: ...

    def field(self, name: str) -> View | None:
        """What stands under `name`; None where nothing is known about it."""
        ...
