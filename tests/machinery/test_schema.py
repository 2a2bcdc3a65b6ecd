"""Shapes: what annotations say about a place, and the walk that follows them."""

from __future__ import annotations

from itertools import combinations
from typing import Annotated

import pytest

from wherry.machinery.errors import BadRequest
from wherry.machinery.schema import (
    Atomic,
    Findings,
    Granular,
    Int32,
    ListSet,
    Part,
    Quantity,
    Written,
    complete,
    shape_of,
)


class Inner(Part):
    name: str = ""
    size: Quantity = ""


class Outer(Part):
    inner: Inner = Inner()
    names: Annotated[tuple[str, ...], ListSet()] = ()
    whole: Annotated[tuple[str, ...], Atomic()] = ()
    count: Int32 = 3
    off: Annotated[bool, Written()] = False
    policy: str = "Always"


@pytest.mark.parametrize(
    ("one", "other"), list(combinations((Atomic(), Granular(), ListSet(), Written()), 2))
)
def test_marks_without_particulars_are_told_apart(one: object, other: object) -> None:
    """Python 3.11.2 makes one type of two whose annotations are equal."""
    assert one != other


def test_equal_types_with_different_marks_stay_different() -> None:
    fields = shape_of(Outer).fields
    assert (fields["names"].list_type, fields["whole"].list_type) == ("set", "atomic")


def test_defaults_come_and_what_was_said_stays() -> None:
    tree = {"count": 0}
    complete(tree, shape_of(Outer))
    assert tree == {"count": 0, "off": False, "policy": "Always"}


def test_an_empty_string_is_unset() -> None:
    tree = {"policy": ""}
    complete(tree, shape_of(Outer))
    assert tree["policy"] == "Always"


def test_nulls_and_unknown_fields_go_and_the_latter_are_named() -> None:
    findings = Findings()
    tree = {"inner": {"name": "a", "odd": 1}, "names": None, "strange": {}}
    complete(tree, shape_of(Outer), findings)
    assert tree["inner"] == {"name": "a"}
    assert "names" not in tree
    assert sorted(findings.unknown) == ["inner.odd", "strange"]


def test_quantities_come_into_their_one_form() -> None:
    tree = {"inner": {"size": "1000m"}}
    complete(tree, shape_of(Outer))
    assert tree["inner"] == {"size": "1"}


def test_a_value_of_the_wrong_type_is_named() -> None:
    with pytest.raises(
        BadRequest, match=r"cannot unmarshal string into Go struct field Outer\.count of type int32"
    ):
        complete({"count": "three"}, shape_of(Outer))
