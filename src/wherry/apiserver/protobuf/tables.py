"""Tables: which fields every message has, read from text when a package is first needed.

A table is one package (`tables/core.v1.txt`), written by tools/derive_protobuf.py:

    PodSpec
    1 volumes []Volume
    4 terminationGracePeriodSeconds *int64
    7 nodeSelector map[string]string

A field is its number, its name in JSON and its type. `*`: a pointer in upstream's types, so that zero and
empty differ from absent. Types of other packages are named in full (`meta.v1.ObjectMeta`). The name
`<inline>` says that the message's fields are the parent's own in JSON.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from functools import cache
from importlib.resources import files
from typing import NamedTuple

INLINE = "<inline>"
META = "meta.v1"
SCALARS = frozenset({"string", "bytes", "bool", "int32", "int64", "double"})

# The API groups and the packages that hold their types.
GROUPS: Mapping[str, str] = {
    "": "core",
    "apps": "apps",
    "autoscaling": "autoscaling",
    "batch": "batch",
    "policy": "policy",
    "admissionregistration.k8s.io": "admissionregistration",
    "apiextensions.k8s.io": "apiextensions",
    "apiregistration.k8s.io": "apiregistration",
    "authentication.k8s.io": "authentication",
    "authorization.k8s.io": "authorization",
    "certificates.k8s.io": "certificates",
    "coordination.k8s.io": "coordination",
    "discovery.k8s.io": "discovery",
    "events.k8s.io": "events",
    "flowcontrol.apiserver.k8s.io": "flowcontrol",
    "internal.apiserver.k8s.io": "apiserverinternal",
    "lifecycle.k8s.io": "lifecycle",
    "meta.k8s.io": "meta",
    "networking.k8s.io": "networking",
    "node.k8s.io": "node",
    "rbac.authorization.k8s.io": "rbac",
    "resource.k8s.io": "resource",
    "scheduling.k8s.io": "scheduling",
    "storage.k8s.io": "storage",
    "storagemigration.k8s.io": "storagemigration",
}
# Kinds of meta/v1 that are spoken in every group and version, those of custom resources too.
EVERYWHERE = frozenset(
    {"CreateOptions", "DeleteOptions", "GetOptions", "ListOptions", "PatchOptions", "UpdateOptions"}
    | {"Status", "WatchEvent", "APIGroup", "APIGroupList", "APIResourceList", "APIVersions"}
)


class Shape(Enum):
    """How often a field comes."""

    ONE = ""
    POINTER = "*"
    MANY = "[]"
    MAP = "map[string]"


class Field(NamedTuple):
    """One field of a message. `type` is a scalar's or a message's full name."""

    number: int
    name: str
    type: str
    shape: Shape


@cache
def package(name: str) -> Mapping[str, tuple[Field, ...]]:
    """The messages of a package by name; none where nothing of it is served."""
    file = files(__package__).joinpath("tables", f"{name}.txt")
    if not file.is_file():
        return {}
    found: dict[str, list[Field]] = {}
    fields: list[Field] = []
    for line in file.read_text().splitlines():
        if " " in line:
            number, field, type_ = line.split(" ")
            fields.append(Field(int(number), field, *_type(name, type_)))
        else:
            fields = found[line] = []
    return {message: tuple(fields) for message, fields in found.items()}


def _type(package: str, text: str) -> tuple[str, Shape]:
    shape = next((s for s in (Shape.POINTER, Shape.MANY, Shape.MAP) if text.startswith(s.value)), Shape.ONE)
    name = text[len(shape.value) :]
    return name if name in SCALARS or "." in name else f"{package}.{name}", shape


def fields_of(message: str) -> tuple[Field, ...]:
    """The fields of a message by its full name, in the order of their numbers."""
    home, _, name = message.rpartition(".")
    return package(home)[name]


def is_list(message: str) -> bool:
    """Whether the message is there only because protobuf has no map of lists: ExtraValue, Verbs."""
    return [field[1:] for field in fields_of(message)] == [("items", "string", Shape.MANY)]


def message_for(apiVersion: str, kind: str) -> str | None:
    """The full name of the message that a kind travels as, if it has one."""
    group, _, version = apiVersion.rpartition("/")
    home = GROUPS.get(group)
    if home is not None and version.isalnum() and kind in package(f"{home}.{version}"):
        return f"{home}.{version}.{kind}"
    if kind in EVERYWHERE and (apiVersion == "v1" or "/" in apiVersion):
        return f"{META}.{kind}"
    return None
