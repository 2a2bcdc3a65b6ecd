"""Enums: strings of which only a few are allowed, anywhere in an object."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from wherry.machinery.enums import validate_enums
from wherry.machinery.schema import OneOf, Part, shape_of

Color = Annotated[str, OneOf("red", "green")]


class Leaf(Part):
    color: Color = ""
    name: str = ""


class Tree(Part):
    leaf: Leaf | None = None
    leaves: tuple[Leaf, ...] = ()
    named: Mapping[str, Leaf] = {}
    colors: tuple[Color, ...] = ()
    plain: tuple[str, ...] = ()
    child: Tree | None = None


def errors(tree: dict[str, Any]) -> list[str]:
    return [str(error) for error in validate_enums(tree, shape_of(Tree))]


def test_names_the_place_the_value_and_what_is_allowed_in_the_types_order() -> None:
    assert errors({"leaf": {"color": "blue"}}) == [
        'leaf.color: Unsupported value: "blue": supported values: "red", "green"'
    ]


def test_looks_into_lists_and_maps() -> None:
    tree: dict[str, Any] = {
        "leaves": [{"color": "red"}, {"color": "x"}],
        "named": {"a": {"color": "y"}},
        "colors": ["green", "z"],
        "plain": ["z"],
    }
    assert [error.partition(":")[0] for error in errors(tree)] == [
        "leaves[1].color",
        "named[a].color",
        "colors[1]",
    ]


def test_an_empty_string_is_no_value() -> None:
    assert errors({"leaf": {"color": ""}}) == []


def test_unknown_fields_are_somebody_elses_business() -> None:
    assert errors({"other": {"color": "x"}, "leaf": {"name": "x"}}) == []


def test_a_type_that_holds_itself_is_followed_as_far_as_it_goes() -> None:
    assert errors({"child": {"child": {"leaf": {"color": "x"}}}})[0].startswith("child.child.leaf.color")
