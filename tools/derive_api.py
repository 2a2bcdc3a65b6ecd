"""derive_api: write the first form of `wherry.api`'s types from the published schema.

    python -m tools.derive_api FACTS OUT

Run once per Kubernetes release into an empty folder; the difference to `src/wherry/api` is what that
release changed. What it wrote is then owned by hand: defaults that depend on other fields, validation
and columns are added to the files, and `tests/api/test_schema.py` keeps fields, list keys and merge keys
equal to the schema.

The schema is the one in the package kubernetes-validate; FACTS is a folder with resources.tsv.
"""

from __future__ import annotations

import argparse
import csv
import json
import keyword
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import kubernetes_validate
from tools.api_tables import DEFAULTS, FOLDERS, INSTANCES, KIND_HEAD, META, MODULES_HEAD, PLACES, TRISTATE

VERSION = "v1.37.0-local"
PRIMITIVES = {
    "io.k8s.apimachinery.pkg.api.resource.Quantity": "Quantity",
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString": "IntOrString",
    "io.k8s.apimachinery.pkg.runtime.RawExtension": "Raw",
    f"{META}.Time": "Time",
    f"{META}.MicroTime": "MicroTime",
    f"{META}.FieldsV1": "Raw",
    f"{META}.Patch": "Raw",
    **{
        f"io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.{name}": "Raw"
        for name in (
            "JSON",
            "JSONSchemaPropsOrArray",
            "JSONSchemaPropsOrBool",
            "JSONSchemaPropsOrStringArray",
        )
    },
}


def short(ref: str) -> str:
    return ref.rsplit(".", 1)[-1]


class Schema:
    def __init__(self, facts: Path) -> None:
        base = Path(kubernetes_validate.__file__).parent / "kubernetes-json-schema" / VERSION
        self.definitions: dict[str, Any] = json.loads((base / "_definitions.json").read_text())["$defs"]
        with (facts / "resources.tsv").open() as table:
            rows = list(csv.DictReader(table, delimiter="\t"))
        self.rows = [row for row in rows if row["served_by_default"] == "default"]
        self.by_gvk = {}
        for name, definition in self.definitions.items():
            for gvk in definition.get("x-kubernetes-group-version-kind", ()):
                if name.endswith("." + gvk["kind"]):
                    self.by_gvk[gvk["group"], gvk["version"], gvk["kind"]] = name
        self.modules: dict[str, str] = {}  # definition -> module
        self.place()

    def refs(self, name: str) -> Iterator[str]:
        def walk(node: Any) -> Iterator[str]:
            if isinstance(node, dict):
                if isinstance(node.get("$ref"), str):
                    yield node["$ref"].removeprefix("#/$defs/")
                for key, child in node.items():
                    if key != "description":
                        yield from walk(child)
            elif isinstance(node, list):
                for child in node:
                    yield from walk(child)

        yield from (
            ref for ref in walk(self.definitions[name].get("properties", {})) if ref not in PRIMITIVES
        )

    def kinds(self) -> Iterator[tuple[str, str, str, str]]:
        """(group, version, kind, definition) of everything served by default, and what only subresources use."""
        seen = set()
        for row in self.rows:
            group = "" if row["group"] == "(core)" else row["group"]
            yield group, row["version"], row["kind"], self.by_gvk[group, row["version"], row["kind"]]
            seen.add((group, row["version"], row["kind"]))
        for gvk in (
            ("autoscaling", "v1", "Scale"),
            ("policy", "v1", "Eviction"),
            ("authentication.k8s.io", "v1", "TokenRequest"),
        ):
            yield *gvk, self.by_gvk[gvk]

    def home(self, group: str, version: str, kind: str) -> str:
        folder = FOLDERS.get(group, group)
        # autoscaling is the one group that serves two versions by default.
        name = kind.lower() + (
            "v1" if (group, version, kind) == ("autoscaling", "v1", "HorizontalPodAutoscaler") else ""
        )
        return f"api.{folder}.{name}"

    def place(self) -> None:
        users: dict[str, set[str]] = defaultdict(set)
        for group, version, kind, definition in self.kinds():
            module = self.home(group, version, kind)
            self.modules[definition] = module
        for definition, module in list(self.modules.items()):
            stack, seen = [definition], {definition}
            while stack:
                for ref in self.refs(stack.pop()):
                    if ref not in seen:
                        seen.add(ref)
                        users[ref].add(module)
                        if ref not in self.modules:
                            stack.append(ref)
        for ref, modules in users.items():
            if ref in self.modules:
                continue
            for pattern, place in PLACES:
                if re.fullmatch(pattern, ref):
                    self.modules[ref] = place
                    break
            else:
                if len(modules) == 1:
                    self.modules[ref] = next(iter(modules))
                else:
                    group = ref.split(".")[-3] if not ref.startswith(META) else "meta"
                    self.modules[ref] = f"api.{group}.parts"
        for name in self.definitions:
            if name.startswith(META) and name not in self.modules and name not in PRIMITIVES:
                for pattern, place in PLACES:
                    if re.fullmatch(pattern, name):
                        self.modules[name] = place


class Writer:
    def __init__(self, schema: Schema) -> None:
        self.schema = schema
        self.top = {definition: (group, version, kind) for group, version, kind, definition in schema.kinds()}
        self.rows = {
            ("" if row["group"] == "(core)" else row["group"], row["version"], row["kind"]): row
            for row in schema.rows
        }

    def write(self, out: Path) -> None:
        files: dict[str, list[str]] = defaultdict(list)
        for definition, module in self.schema.modules.items():
            files[module].append(definition)
        for module, definitions in sorted(files.items()):
            path = out / (module.replace(".", "/") + ".py")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(self.module(module, definitions))

    def module(self, module: str, definitions: list[str]) -> str:
        self.imports: dict[str, set[str]] = defaultdict(set)
        ordered = self.order(definitions)
        bodies = [self.struct(module, definition) for definition in ordered]
        kinds = [self.top[d] for d in definitions if d in self.top]
        if kinds:
            kind = kinds[0][2]
            head = f"{kind}: {KIND_HEAD[kind]}."
        else:
            head = MODULES_HEAD.get(
                module, f"{module.split('.')[-2].capitalize()}: parts that several kinds of the group share."
            )
        lines = [f'"""{head}"""', "", "from __future__ import annotations", ""]
        if self.imports.pop("Mapping", None):
            lines.append("from collections.abc import Mapping")
        if names := self.imports.pop("typing", None):
            lines.append(f"from typing import {', '.join(sorted(names))}")
        lines.append("")
        for source, names in sorted(self.imports.items()):
            lines.append(f"from wherry.{source} import {', '.join(sorted(names))}")
        return "\n".join(lines) + "\n\n\n" + "\n\n\n".join(bodies) + "\n"

    def order(self, definitions: list[str]) -> list[str]:
        """Parts before what is made of them; instances as defaults need that."""
        done: list[str] = []

        def visit(definition: str, path: tuple[str, ...]) -> None:
            if definition in done or definition in path:
                return
            for ref in sorted(self.schema.refs(definition)):
                if ref in definitions:
                    visit(ref, (*path, definition))
            done.append(definition)

        for definition in sorted(definitions, key=lambda d: (d in self.top, d)):
            visit(definition, ())
        return done

    def struct(self, module: str, definition: str) -> str:
        name = short(definition)
        spec = self.schema.definitions[definition]
        properties: Mapping[str, Any] = spec.get("properties", {})
        required = set(spec.get("required", ()))
        top = self.top.get(definition)
        lines, renames = [], {}
        for field, node in properties.items():
            if top and field in ("apiVersion", "kind", "metadata"):
                continue
            attribute = field
            if keyword.iskeyword(field) or field in ("bool", "int"):
                attribute = field + "_"
            elif not field.isidentifier():
                attribute = re.sub(r"\W", "_", field).strip("_")
            if attribute != field:
                renames[attribute] = field
            lines.append(
                f"    {attribute}: "
                + self.field(module, definition, field, node, field in required, top is not None)
            )
        base = "Object" if top else "Part"
        self.imports["machinery.meta" if top else "machinery.schema"].add(base)
        if top and module == "machinery.meta":
            self.imports.pop("machinery.meta")
        arguments = f", rename={json.dumps(renames)}" if renames else ""
        head = f"class {name}({base}{arguments}):"
        if spec.get("x-kubernetes-map-type") == "atomic":
            self.imports["machinery.schema"].add("atomic")
            head = f"@atomic\n{head}"
        if top:
            group, version, _ = top
            self.imports["api.registry"].add("resource")
            row = self.rows.get(top)
            plural = row["plural"] if row else ""
            api = f"{group}/{version}" if group else version
            decorator = f'@resource("{api}", "{plural}")' if plural else f'@resource("{api}")'
            head = f"{decorator}\n{head}"
        body = "\n".join(lines) or "    pass"
        return f"{head}\n{body}"

    def field(
        self, module: str, owner: str, field: str, node: Mapping[str, Any], required: bool, top: bool
    ) -> str:
        kind, default = self.typed(module, owner, field, node, required, top)
        marks = list(self.marks(node))
        group = owner.split(".")[-3]
        key = (short(owner), field)
        for candidate in ((f"{group}.{short(owner)}", field), key):
            if candidate in DEFAULTS:
                value = DEFAULTS[candidate]
                default = repr(value).replace("'", '"')
                kind = kind.removesuffix(" | None")
                if not value:
                    marks.append("Written()")
                    self.imports["machinery.schema"].add("Written")
                break
        if marks:
            self.imports["typing"].add("Annotated")
            inner = kind.removesuffix(" | None")
            kind = f"Annotated[{inner}, {', '.join(marks)}]" + (" | None" if kind != inner else "")
        return f"{kind} = {default}"

    def typed(
        self, module: str, owner: str, field: str, node: Mapping[str, Any], required: bool, top: bool
    ) -> tuple[str, str]:
        inner = self.plain(module, owner, node)
        kind = node.get("type")
        kind = kind[0] if isinstance(kind, list) else kind
        if "$ref" in node:
            ref = node["$ref"].removeprefix("#/$defs/")
            if ref in PRIMITIVES:
                word = PRIMITIVES[ref]
                if word in ("Time", "MicroTime", "Quantity"):
                    return inner, '""'
                return f"{inner} | None", "None"
            same = short(ref) == short(owner)
            if (required or field in INSTANCES) and not same:
                return inner, f"{short(ref)}()"
            return f"{inner} | None", "None"
        match kind:
            case "array":
                return inner, "()"
            case "object":
                return inner, "{}"
            case "string":
                return (f"{inner} | None", "None") if field in TRISTATE else (inner, '""')
            case "boolean":
                return (f"{inner} | None", "None") if field in TRISTATE else (inner, "False")
            case "integer":
                if required or short(owner).endswith("Status") or short(owner) == "ContainerStateTerminated":
                    return inner, "0"
                return f"{inner} | None", "None"
            case _:
                return f"{inner} | None", "None"

    def plain(self, module: str, owner: str, node: Mapping[str, Any]) -> str:
        if "$ref" in node:
            ref = node["$ref"].removeprefix("#/$defs/")
            if ref in PRIMITIVES:
                self.imports["machinery.schema"].add(PRIMITIVES[ref])
                return PRIMITIVES[ref]
            place = self.schema.modules[ref]
            if place != module:
                self.imports[place].add(short(ref))
            return short(ref)
        kind = node.get("type")
        kind = kind[0] if isinstance(kind, list) else kind
        match kind:
            case "array":
                return f"tuple[{self.plain(module, owner, node['items'])}, ...]"
            case "object":
                self.imports["Mapping"].add("Mapping")
                if "additionalProperties" in node:
                    return f"Mapping[str, {self.plain(module, owner, node['additionalProperties'])}]"
                self.imports["machinery.schema"].add("Raw")
                return "Mapping[str, Raw]"
            case "string":
                if node.get("format") == "byte":
                    self.imports["machinery.schema"].add("Bytes")
                    return "Bytes"
                return "str"
            case "boolean":
                return "bool"
            case "integer":
                word = "Int32" if node.get("format") == "int32" else "Int64"
                self.imports["machinery.schema"].add(word)
                return word
            case "number":
                return "float"
        raise ValueError(f"{owner}: {node}")

    def marks(self, node: Mapping[str, Any]) -> Iterator[str]:
        list_type = node.get("x-kubernetes-list-type")
        keys = node.get("x-kubernetes-list-map-keys", ())
        merge = node.get("x-kubernetes-patch-merge-key")
        strategy = node.get("x-kubernetes-patch-strategy")
        words = []
        if list_type == "map":
            words.append("ListMap(" + ", ".join(json.dumps(key) for key in keys) + ")")
        elif list_type == "set":
            words.append("ListSet()")
        elif list_type == "atomic":
            words.append("Atomic()")
        if node.get("x-kubernetes-map-type") == "atomic":
            words.append("Atomic()")
        if node.get("x-kubernetes-map-type") == "granular":
            words.append("Granular()")
        if strategy:
            arguments = [json.dumps(strategy)] + ([json.dumps(merge)] if merge else [])
            words.append(f"Merge({', '.join(arguments)})")
        if "enum" in node:
            words.append(
                "OneOf(" + ", ".join(json.dumps(value) for value in node["enum"] if value is not None) + ")"
            )
        for word in words:
            self.imports["machinery.schema"].add(word.split("(")[0])
            yield word


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("facts", type=Path)
    parser.add_argument("out", type=Path)
    arguments = parser.parse_args()
    Writer(Schema(arguments.facts)).write(arguments.out)


if __name__ == "__main__":
    main()
