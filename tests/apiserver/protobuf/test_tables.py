import json
import re
from pathlib import Path

import kubernetes_validate
import pytest

from wherry.api.registry import Resource, all_resources
from wherry.apiserver.protobuf import tables
from wherry.apiserver.protobuf.tables import Field, Shape, fields_of, message_for, package

SCHEMA = Path(kubernetes_validate.__file__).parent / "kubernetes-json-schema/v1.37.0-local/_definitions.json"
DEFINITION = re.compile(r"io\.k8s\..*?(\w+)\.(v\d\w*)\.(\w+)")
TABLES = sorted(path.stem for path in (Path(tables.__file__).parent / "tables").iterdir())


def test_a_field_has_a_number_a_name_a_type_and_a_shape() -> None:
    found = {field.name: field for field in fields_of("core.v1.PodSpec")}
    assert found["volumes"] == Field(1, "volumes", "core.v1.Volume", Shape.MANY)
    assert found["terminationGracePeriodSeconds"].shape is Shape.POINTER
    assert found["nodeSelector"] == Field(7, "nodeSelector", "string", Shape.MAP)


def test_a_kind_is_found_by_its_group_and_version() -> None:
    assert message_for("v1", "Pod") == "core.v1.Pod"
    assert message_for("rbac.authorization.k8s.io/v1", "RoleList") == "rbac.v1.RoleList"
    assert message_for("meta.k8s.io/v1", "PartialObjectMetadata") == "meta.v1.PartialObjectMetadata"
    assert message_for("v1", "Status") == "meta.v1.Status"
    assert message_for("rbac/v1", "Role") is None
    assert message_for("v1", "Deployment") is None


@pytest.mark.parametrize("name", TABLES)
def test_every_type_in_a_table_is_in_a_table(name: str) -> None:
    for fields in package(name).values():
        for field in fields:
            assert field.type in tables.SCALARS or fields_of(field.type) is not None


@pytest.mark.parametrize("name", TABLES)
def test_numbers_and_names_are_unique_in_a_message(name: str) -> None:
    for fields in package(name).values():
        assert len({field.number for field in fields}) == len(fields)
        named = [field.name for field in fields if field.name != tables.INLINE]
        assert len(set(named)) == len(named)


@pytest.mark.parametrize(
    "resource", all_resources(), ids=lambda resource: f"{resource.plural}.{resource.group}"
)
def test_every_resource_has_a_message_and_one_for_its_list(resource: Resource) -> None:
    assert message_for(resource.apiVersion, resource.kind)
    if "list" in resource.verbs:
        assert message_for(resource.apiVersion, f"{resource.kind}List")


def json_names(message: str) -> set[str]:
    found: set[str] = set()
    for field in fields_of(message):
        found |= json_names(field.type) if field.name == tables.INLINE else {field.name}
    return found


def test_messages_have_the_fields_that_the_published_schema_has() -> None:
    compared = 0
    for name, definition in json.loads(SCHEMA.read_text())["$defs"].items():
        match = DEFINITION.fullmatch(name)
        properties = set(definition.get("properties", ())) - {"apiVersion", "kind"}
        if match is None or not properties:
            continue
        home, version, kind = match.groups()
        assert json_names(f"{home}.{version}.{kind}") - {"apiVersion", "kind"} == properties, name
        compared += 1
    assert compared > 800
