"""derive_protobuf: write the tables of the API server's protobuf codec.

    python -m tools.derive_protobuf FACTS KUBECTL OUT

FACTS is a folder with protobuf_fields.tsv (message, number, label, type, JSON name of every field, from the
.proto files of the release) and resources.tsv (kinds served). KUBECTL is that release's kubectl for
linux/amd64: the Go types in it say which fields are pointers, which the .proto files do not. OUT is
src/wherry/apiserver/protobuf/tables. Run once per Kubernetes release; the difference is what it changed.

A table is one package, its lines are messages and, below each, its fields: number, JSON name, type. `*` is
a pointer, `[]` a list, `map[string]` a map. Only what a served kind reaches is written.
"""

from __future__ import annotations

import argparse
import csv
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from tools.go_types import GoField, Program

from wherry.apiserver.protobuf.tables import GROUPS, META

# Kinds that no resource is named after: bodies of subresources, and what every group speaks.
MORE_KINDS = (
    "autoscaling.v1.Scale",
    "policy.v1.Eviction",
    "authentication.v1.TokenRequest",
    "runtime.Unknown",
    "meta.v1beta1.PartialObjectMetadataList",
    *(
        f"{META}.{kind}"
        for kind in (
            *("DeleteOptions", "CreateOptions", "UpdateOptions", "PatchOptions", "GetOptions", "ListOptions"),
            *("Status", "PartialObjectMetadata", "PartialObjectMetadataList", "WatchEvent"),
            *("APIVersions", "APIGroup", "APIGroupList", "APIResourceList"),
        )
    ),
)
# Pointers in packages whose types kubectl does not carry, read in their types.go.
POINTERS = {
    "apiextensions.v1.CustomResourceConversion": "webhook",
    "apiextensions.v1.CustomResourceDefinitionSpec": "conversion",
    "apiextensions.v1.CustomResourceDefinitionVersion": "schema subresources deprecationWarning",
    "apiextensions.v1.CustomResourceSubresourceScale": "labelSelectorPath",
    "apiextensions.v1.CustomResourceSubresources": "status scale",
    "apiextensions.v1.CustomResourceValidation": "openAPIV3Schema",
    "apiextensions.v1.JSONSchemaProps": (
        "$ref default maximum minimum maxLength minLength maxItems minItems multipleOf maxProperties "
        "minProperties items not additionalProperties additionalItems externalDocs example "
        "x-kubernetes-preserve-unknown-fields x-kubernetes-list-type x-kubernetes-map-type"
    ),
    "apiextensions.v1.JSONSchemaPropsOrArray": "schema",
    "apiextensions.v1.JSONSchemaPropsOrBool": "schema",
    "apiextensions.v1.JSONSchemaPropsOrStringArray": "schema",
    "apiextensions.v1.ServiceReference": "path port",
    "apiextensions.v1.ValidationRule": "reason optionalOldSelf",
    "apiextensions.v1.WebhookClientConfig": "service url",
    "apiextensions.v1.WebhookConversion": "clientConfig",
    "apiregistration.v1.APIServiceSpec": "service",
    "apiregistration.v1.ServiceReference": "port",
}
# Fields that the release has and the facts do not: `missing` names them, the Go types say what they are.
ADDED = """
core.v1.NodeSystemInfo 12 runningInUserNamespace optional bool pointer
resource.v1.DeviceCounterConsumption 3 compatibilityGroups repeated string
resource.v1.DeviceDerivedAttribute 1 name optional string
resource.v1.DeviceDerivedAttribute 2 expression optional string
resource.v1.DeviceSubRequest 8 derivedAttributes repeated resource.v1.DeviceDerivedAttribute
resource.v1.ExactDeviceRequest 8 derivedAttributes repeated resource.v1.DeviceDerivedAttribute
resource.v1beta1.DeviceCounterConsumption 3 compatibilityGroups repeated string
resource.v1beta1.DeviceDerivedAttribute 1 name optional string
resource.v1beta1.DeviceDerivedAttribute 2 expression optional string
resource.v1beta1.DeviceRequest 10 derivedAttributes repeated resource.v1beta1.DeviceDerivedAttribute
resource.v1beta1.DeviceSubRequest 9 derivedAttributes repeated resource.v1beta1.DeviceDerivedAttribute
resource.v1beta2.DeviceCounterConsumption 3 compatibilityGroups repeated string
resource.v1beta2.DeviceDerivedAttribute 1 name optional string
resource.v1beta2.DeviceDerivedAttribute 2 expression optional string
resource.v1beta2.DeviceSubRequest 8 derivedAttributes repeated resource.v1beta2.DeviceDerivedAttribute
resource.v1beta2.ExactDeviceRequest 8 derivedAttributes repeated resource.v1beta2.DeviceDerivedAttribute
"""
# Packages by their names in .proto files: what is cut off, and what stays.
PREFIXES = {
    "k8s.io.apimachinery.pkg.apis.": "",
    "k8s.io.apimachinery.pkg.api.resource": "quantity",
    "k8s.io.apimachinery.pkg.util.": "",
    "k8s.io.apimachinery.pkg.": "",
    "k8s.io.apiextensions_apiserver.pkg.apis.": "",
    "k8s.io.kube_aggregator.pkg.apis.": "",
    "k8s.io.apiserver.pkg.apis.": "",
    "k8s.io.api.": "",
}
SCALARS = {"string", "bytes", "bool", "int32", "int64", "double"}


class Row(NamedTuple):
    number: int
    name: str
    type: str
    label: str
    pointer: bool

    def line(self, package: str) -> str:
        short = self.type.removeprefix(package + ".")
        shape = {"repeated": "[]", "map<string>": "map[string]"}.get(self.label, "*" if self.pointer else "")
        return f"{self.number} {self.name} {shape}{short}"


def short(name: str) -> str:
    for prefix, instead in PREFIXES.items():
        if name.startswith(prefix):
            return instead + name[len(prefix) :]
    return name


def go_package(name: str) -> str:
    return "k8s.io/" + name.rpartition(".")[0].removeprefix("k8s.io.").replace(".", "/").replace("_", "-")


def messages(facts: Path, program: Program) -> dict[str, list[Row]]:
    structs = program.structs("k8s.io/api")
    found: dict[str, list[Row]] = defaultdict(list)
    with (facts / "protobuf_fields.tsv").open() as file:
        for row in csv.DictReader(file, delimiter="\t"):
            message = row["message"]
            rows = found[short(message)]
            if row["label"] != "-":
                go = structs.get((go_package(message), message.rpartition(".")[2]))
                rows.append(_row(short(message), row, go))
    for line in ADDED.split("\n")[1:-1]:
        message, number, name, label, type_, *pointer = line.split()
        found[message].append(Row(int(number), name, type_, label, bool(pointer)))
    for message, rows in found.items():
        rows.sort()
        if len({row.number for row in rows}) != len(rows):
            raise SystemExit(f"{message} names a field twice: correct protobuf_fields.tsv")
    return found


def _row(message: str, row: Mapping[str, str], go: Iterable[GoField] | None) -> Row:
    number, name = int(row["field_no"]), row["json_name"]
    if go is None:
        pointer = name in POINTERS.get(message, "").split()
    else:
        match = [field for field in go if field.number == number]
        pointer = bool(match) and match[0].pointer
    return Row(number, name, short(row["type"]), row["label"], pointer)


def missing(known: Mapping[str, list[Row]], program: Program) -> None:
    """Say which fields the release's types have and the facts do not."""
    for (package, name), fields in program.structs("k8s.io/api").items():
        message = short(f"{package}.{name}".replace("k8s.io/", "k8s.io.").replace("/", ".").replace("-", "_"))
        if message in known:
            numbers = {row.number for row in known[message]}
            for field in fields:
                if field.number not in numbers:
                    print(f"{message}: no fact about field {field.number} {field.json}")


def roots(facts: Path) -> list[str]:
    found = list(MORE_KINDS)
    with (facts / "resources.tsv").open() as file:
        for row in csv.DictReader(file, delimiter="\t"):
            package = f"{GROUPS[row['group'].replace('(core)', '')]}.{row['version']}"
            found.append(f"{package}.{row['kind']}")
            if row["listKind"] != "-":
                found.append(f"{package}.{row['listKind']}")
    return found


def reachable(known: Mapping[str, list[Row]], start: Iterable[str]) -> set[str]:
    found: set[str] = set()
    waiting = list(start)
    while waiting:
        message = waiting.pop()
        if message in found:
            continue
        if message not in known:
            print(f"{message}: served, but not in the facts")
            continue
        found.add(message)
        waiting += [row.type for row in known[message] if row.type not in SCALARS]
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("facts", type=Path)
    parser.add_argument("kubectl", type=Path)
    parser.add_argument("out", type=Path)
    arguments = parser.parse_args()
    program = Program(arguments.kubectl)
    known = messages(arguments.facts, program)
    missing(known, program)
    tables: dict[str, list[str]] = defaultdict(list)
    for message in sorted(reachable(known, roots(arguments.facts))):
        package, _, name = message.rpartition(".")
        tables[package] += [name, *(row.line(package) for row in known[message])]
    arguments.out.mkdir(parents=True, exist_ok=True)
    for package, lines in tables.items():
        (arguments.out / f"{package}.txt").write_text("\n".join(lines) + "\n")
    print(f"{len(tables)} tables, {sum(map(len, tables.values()))} lines")


if __name__ == "__main__":
    main()
