"""Ownership: who made an object and goes on caring for it, by owner references."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol, TypeVar

from wherry.machinery.meta import Object, OwnerReference


class Reference(Protocol):
    @property
    def uid(self) -> str: ...
    @property
    def controller(self) -> bool | None: ...


R = TypeVar("R", bound=Reference, covariant=True)


class Owned(Protocol[R]):
    """Metadata that can name owners."""

    @property
    def ownerReferences(self) -> Iterable[R]: ...


def controller_of(metadata: Owned[R]) -> R | None:
    """The reference to the one owner that manages the object."""
    return next((reference for reference in metadata.ownerReferences if reference.controller), None)


def is_controlled_by(metadata: Owned[Any], uid: str) -> bool:
    """Whether the owner with this uid manages the object."""
    controller = controller_of(metadata)
    return controller is not None and controller.uid == uid


def is_owned_by(metadata: Owned[Any], uid: str) -> bool:
    """Whether the object belongs to the owner with this uid, be it as one of several."""
    return any(reference.uid == uid for reference in metadata.ownerReferences)


def owner_reference(owner: Object, *, controller: bool = True, block: bool = True) -> OwnerReference:
    """A reference that makes `owner` an object's owner.

    controller: it also manages the object. block: deleting it in the foreground waits for the object.
    """
    return OwnerReference(
        apiVersion=owner.apiVersion,
        kind=owner.kind,
        name=owner.metadata.name,
        uid=owner.metadata.uid,
        controller=True if controller else None,
        blockOwnerDeletion=True if block else None,
    )
