"""Binding: ties a Pod to the node it is to run on."""

from __future__ import annotations

from wherry.api.core.reference import ObjectReference
from wherry.api.registry import resource
from wherry.machinery.meta import Object


@resource("v1", "bindings")
class Binding(Object):
    target: ObjectReference = ObjectReference()
