"""What a cluster can hold."""

from __future__ import annotations

from wherry.api.apiextensions.customresourcedefinition import (
    CustomResourceDefinition,
    CustomResourceDefinitionCondition,
    CustomResourceDefinitionNames,
    CustomResourceDefinitionSpec,
    CustomResourceDefinitionStatus,
    CustomResourceDefinitionVersion,
)
from wherry.api.registry import all_resources
from wherry.manager.resources import of_definition, one_version


def definition(*, established: bool = True) -> CustomResourceDefinition:
    conditions = (
        (CustomResourceDefinitionCondition(type="Established", status="True"),) if established else ()
    )
    return CustomResourceDefinition(
        spec=CustomResourceDefinitionSpec(
            group="example.com",
            scope="Namespaced",
            names=CustomResourceDefinitionNames(kind="Widget", plural="widgets", singular="widget"),
            versions=(
                CustomResourceDefinitionVersion(name="v1alpha1", served=True),
                CustomResourceDefinitionVersion(name="v1", served=True, storage=True),
            ),
        ),
        status=CustomResourceDefinitionStatus(conditions=conditions),
    )


def test_each_resource_counts_once_whatever_its_versions() -> None:
    found = list(one_version(all_resources()))
    names = [(each.group, each.plural) for each in found]
    assert len(names) == len(set(names))
    assert ("apps", "deployments") in names
    assert ("", "bindings") not in names


def test_a_definition_counts_once_it_is_established() -> None:
    assert of_definition(definition(established=False)) is None
    found = of_definition(definition())
    assert found is not None
    assert (found.apiVersion, found.plural, found.kind, found.namespaced) == (
        "example.com/v1",
        "widgets",
        "Widget",
        True,
    )
