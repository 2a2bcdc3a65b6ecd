"""Secret: data that not everybody may read."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Iterator, Mapping

from wherry.api.columns import AGE, NAME, column
from wherry.api.core.configmap import LARGEST, decoded_length
from wherry.api.registry import resource
from wherry.api.rules import IMMUTABLE
from wherry.machinery.errors import ErrorType, FieldError, forbidden, invalid, required
from wherry.machinery.meta import Object
from wherry.machinery.names import check_config_key
from wherry.machinery.schema import Bytes, Tree

ACCOUNT_NAME = "kubernetes.io/service-account.name"
# What a Secret of a type cannot do without.
KEYS = {
    "kubernetes.io/dockercfg": (".dockercfg",),
    "kubernetes.io/dockerconfigjson": (".dockerconfigjson",),
    "kubernetes.io/tls": ("tls.crt", "tls.key"),
    "kubernetes.io/ssh-auth": ("ssh-privatekey",),
}
REDACTED = "<secret contents redacted>"


def _validate_type(secret: Secret) -> Iterator[FieldError]:
    for key in KEYS.get(secret.type, ()):
        if key not in secret.data or (secret.type.endswith("ssh-auth") and not secret.data[key]):
            yield required(f"data[{key}]")
    if secret.type in ("kubernetes.io/dockercfg", "kubernetes.io/dockerconfigjson"):
        key = KEYS[secret.type][0]
        try:
            json.loads(b64decode(secret.data.get(key) or "e30="))
        except ValueError as error:
            yield invalid(f"data[{key}]", REDACTED, str(error))
    elif secret.type == "kubernetes.io/basic-auth":
        if "username" not in secret.data and "password" not in secret.data:
            yield required("data[username]")
            yield required("data[password]")
    elif secret.type == "kubernetes.io/service-account-token" and not secret.metadata.annotations.get(
        ACCOUNT_NAME
    ):
        yield required(f"metadata.annotations[{ACCOUNT_NAME}]")


def validate(new: Secret, old: Secret | None) -> Iterator[FieldError]:
    size = 0
    for key, text in new.data.items():
        for problem in check_config_key(key):
            yield invalid(f"data[{key}]", key, problem)
        size += decoded_length(text)
    if size > LARGEST:
        yield FieldError("data", f"may not be more than {LARGEST} bytes", type=ErrorType.TooLong)
    yield from _validate_type(new)
    if old is None:
        return
    if new.type != old.type:
        yield invalid("type", new.type, IMMUTABLE)
    if old.immutable:
        for field in ("immutable", "data"):
            if getattr(new, field) != getattr(old, field):
                yield forbidden(field, "field is immutable when `immutable` is set")


@resource(
    "v1",
    "secrets",
    validate=validate,
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
