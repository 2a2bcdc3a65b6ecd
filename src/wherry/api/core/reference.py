"""Reference: how one object names another."""

from __future__ import annotations

from wherry.machinery.schema import Part, atomic


@atomic
class LocalObjectReference(Part):
    name: str = ""


@atomic
class ObjectReference(Part):
    apiVersion: str = ""
    fieldPath: str = ""
    kind: str = ""
    name: str = ""
    namespace: str = ""
    resourceVersion: str = ""
    uid: str = ""


@atomic
class SecretReference(Part):
    name: str = ""
    namespace: str = ""


@atomic
class TypedLocalObjectReference(Part):
    apiGroup: str = ""
    kind: str = ""
    name: str = ""


class TypedObjectReference(Part):
    apiGroup: str = ""
    kind: str = ""
    name: str = ""
    namespace: str = ""
