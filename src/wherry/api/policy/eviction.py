"""Eviction: asks for a Pod to go, within its disruption budget."""

from __future__ import annotations

from wherry.api.meta.options import DeleteOptions
from wherry.api.registry import resource
from wherry.machinery.meta import Object


@resource("policy/v1")
class Eviction(Object):
    deleteOptions: DeleteOptions | None = None
