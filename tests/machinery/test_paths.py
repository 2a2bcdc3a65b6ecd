from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wherry.machinery.paths import PathError, at, child, field_path, json_path

TREE = {
    "metadata": {"annotations": {"a.b/c": "x", "d e": "y"}},
    "spec": {"ports": [{"port": 80, "name": "web"}, {"port": 81}], "empty": [], "n": 0},
    "status": {
        "conditions": [
            {"type": "Ready", "status": "True", "n": 1, "ok": True},
            {"type": "Old", "status": "False", "n": 2.5, "ok": False},
        ]
    },
}


def test_field_paths() -> None:
    assert field_path("spec", "containers", 0, "ports", 1, "name") == "spec.containers[0].ports[1].name"
    assert child("", "spec") == "spec"
    assert at("metadata.labels", "app") == "metadata.labels[app]"


@pytest.mark.parametrize(
    ("path", "found"),
    [
        (".spec.n", [0]),
        ("{.spec.n}", [0]),
        ("$.spec.n", [0]),
        (".", [TREE]),
        (".spec.missing", []),
        (".spec.ports.port", []),
        (".spec.ports[*].port", [80, 81]),
        (".spec.ports[0].port", [80]),
        (".spec.ports[-1].port", [81]),
        (".spec.ports[9].port", []),
        (".spec.ports[0:1].port", [80]),
        (".spec.ports[1:].port", [81]),
        (".spec.ports[*].name", ["web"]),
        (".spec.n[0]", []),
        (".metadata.annotations.*", ["x", "y"]),
        (r".metadata.annotations.a\.b/c", ["x"]),
        (".metadata.annotations['a.b/c']", ["x"]),
        ('.metadata.annotations["d e"]', ["y"]),
        ('.status.conditions[?(@.type=="Ready")].status', ["True"]),
        (".status.conditions[?(@.type != 'Ready')].status", ["False"]),
        (".status.conditions[?(@.n > 1)].type", ["Old"]),
        (".status.conditions[?(@.n<=1)].type", ["Ready"]),
        (".status.conditions[?(@.n>=2.5)].type", ["Old"]),
        (".status.conditions[?(@.n < 'a')].type", []),
        (".status.conditions[?(@.ok==true)].type", ["Ready"]),
        (".status.conditions[?(@.n==true)].type", []),
        (".status.conditions[?(@.missing)].type", []),
        (".status.conditions[?(@.type)].n", [1, 2.5]),
    ],
)
def test_json_paths(path: str, found: list[Any]) -> None:
    assert json_path(path).find(TREE) == found
    assert json_path(path).first(TREE) == (found[0] if found else None)


@pytest.mark.parametrize(
    "path", ["", "{}", "spec", ".spec[", ".spec..n", ".a b", ".spec.ports[?(x)]", ".a['b"]
)
def test_what_is_no_path_is_refused(path: str) -> None:
    with pytest.raises(PathError):
        json_path(path)


@given(st.lists(st.text("ab./' ", min_size=1), min_size=1, max_size=4), st.integers())
def test_quoted_names_reach_every_place(names: list[str], value: int) -> None:
    tree: Any = value
    for name in reversed(names):
        tree = {name: tree}
    path = "".join("['{}']".format(name.replace("'", r"\'")) for name in names)
    assert json_path(path).find(tree) == [value]
