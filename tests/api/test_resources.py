"""The table of resources agrees with itself and with the kinds' own modules."""

from __future__ import annotations

from collections import Counter

import pytest

from wherry.api.registry import (
    _STRATEGIES,
    STANDARD_VERBS,
    Resource,
    all_resources,
    by_kind,
    by_plural,
    resource_for,
)

ROWS = all_resources()


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.qualified}/{row.version}")
def test_module_holds_the_class_that_is_registered_for_the_row(row: Resource) -> None:
    assert row.type.__name__ == row.kind == row.type.kind
    assert row.type.apiVersion == row.apiVersion
    assert row.type in _STRATEGIES
    assert resource_for(row.type) is row
    assert by_plural(row.group, row.version, row.plural) is row
    assert by_kind(row.group, row.version, row.kind) is row


def test_no_name_stands_for_two_resources_of_a_group() -> None:
    names = Counter(
        (row.group, row.version, name)
        for row in ROWS
        for name in {row.plural, row.singular or row.plural, *row.shortNames}
    )
    assert [name for name, count in names.items() if count > 1] == []


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.qualified}/{row.version}")
def test_verbs_are_known_and_subresources_named_once(row: Resource) -> None:
    assert set(row.verbs) <= set(STANDARD_VERBS)
    assert len({sub.name for sub in row.subresources}) == len(row.subresources)


@pytest.mark.parametrize("row", [row for row in ROWS if row.stored[1]], ids=lambda row: row.qualified)
def test_what_is_stored_in_another_form_can_be_converted(row: Resource) -> None:
    stored = by_kind(row.stored[0], row.stored[1], row.kind)
    assert stored is not None
    assert row.strategy.from_stored is not None
    assert row.strategy.to_stored is not None
