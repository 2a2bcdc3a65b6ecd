"""Secret: data that not everybody may read."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping

from wherry.api.columns import AGE, NAME, column
from wherry.api.registry import resource
from wherry.machinery.meta import Object
from wherry.machinery.schema import Bytes, Tree


@resource(
    "v1",
    "secrets",
    selectable={"type": lambda secret: secret.type},
    columns=(
        NAME,
        column("Type", lambda secret: secret.type),
        column("Data", lambda secret: len(secret.data)),
        AGE,
    ),
)
class Secret(Object):
    data: Mapping[str, Bytes] = {}
    immutable: bool | None = None
    stringData: Mapping[str, str] = {}
    type: str = "Opaque"

    @staticmethod
    def complete(tree: Tree) -> None:
        """stringData is for writing only: it is stored as data."""
        if plain := tree.pop("stringData", None):
            data = tree.setdefault("data", {})
            data.update({key: b64encode(text.encode()).decode() for key, text in plain.items()})
