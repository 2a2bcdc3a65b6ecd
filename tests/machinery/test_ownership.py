from typing import ClassVar

from wherry.machinery.meta import Object, ObjectMeta, OwnerReference
from wherry.machinery.ownership import controller_of, is_controlled_by, is_owned_by, owner_reference


class Boat(Object):
    apiVersion: ClassVar[str] = "example.com/v1"
    kind: ClassVar[str] = "Boat"


BOAT = Boat(metadata=ObjectMeta(name="wherry", uid="u1"))


def test_references_name_their_owner() -> None:
    assert owner_reference(BOAT) == OwnerReference(
        apiVersion="example.com/v1",
        kind="Boat",
        name="wherry",
        uid="u1",
        controller=True,
        blockOwnerDeletion=True,
    )
    assert owner_reference(BOAT, controller=False, block=False) == OwnerReference(
        apiVersion="example.com/v1", kind="Boat", name="wherry", uid="u1"
    )


def test_one_owner_is_the_controller() -> None:
    metadata = ObjectMeta(ownerReferences=(OwnerReference(uid="u2"), owner_reference(BOAT)))
    assert controller_of(metadata) == owner_reference(BOAT)
    assert is_controlled_by(metadata, "u1")
    assert not is_controlled_by(metadata, "u2")
    assert is_owned_by(metadata, "u2")
    assert not is_owned_by(metadata, "u3")
    assert controller_of(ObjectMeta()) is None
    assert not is_controlled_by(ObjectMeta(), "")
