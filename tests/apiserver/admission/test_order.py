"""Which admission plug-ins run, and in which order."""

from __future__ import annotations

import importlib
from pathlib import Path

from wherry.apiserver import admission
from wherry.apiserver.admission import order

FOLDER = Path(admission.__file__).parent


def test_every_plugin_of_the_folder_runs() -> None:
    files = {path.stem for path in FOLDER.glob("*.py")} - {"__init__", "order"}
    modules = {importlib.import_module(f"wherry.apiserver.admission.{name}") for name in files}
    assert {*order.MUTATING, *order.VALIDATING} == modules


def test_a_plugin_is_in_the_list_of_what_it_does() -> None:
    assert all(hasattr(module, "admit") for module in order.MUTATING)
    assert all(hasattr(module, "check") for module in order.VALIDATING)


def test_a_plugin_is_named_as_upstream_names_it() -> None:
    for module in {*order.MUTATING, *order.VALIDATING}:
        name = (module.__doc__ or "").partition(":")[0]
        assert module.__name__.rpartition(".")[2] == name.lower()


def test_namespaces_are_looked_at_before_anything_in_them() -> None:
    assert order.MUTATING[0].__name__.endswith("namespacelifecycle")
