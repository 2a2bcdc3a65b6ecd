"""What every module owes: a first sentence, at most 600 lines, a name that says what it is, its mirror."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from fnmatch import fnmatch
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "wherry"
TESTS = ROOT / "tests"
LINES = 600
FUNCTION_LINES = 60
TABLES = {"api/resources.py"}  # one row a resource: a table is as long as what it lists
OF_THE_WHOLE = {"house", "robustness"}  # folders of tests that no single room answers for
NAMES_OF_NOTHING = {"utils", "util", "helpers", "helper", "common", "misc"}


def modules() -> Iterator[Path]:
    return (path for path in sorted(SOURCE.rglob("*.py")))


@cache
def syntax(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def test_no_module_is_longer_than_600_lines() -> None:
    long = {str(path.relative_to(SOURCE)): len(path.read_text().splitlines()) for path in modules()}
    assert not {path: lines for path, lines in long.items() if lines > LINES and path not in TABLES}


def test_no_module_is_named_after_nothing() -> None:
    assert not [path for path in modules() if NAMES_OF_NOTHING & {path.stem, *path.parent.parts}]


def test_every_module_opens_with_what_it_is_for() -> None:
    """*Name: what it is for.*"""
    openings = {
        path.relative_to(SOURCE): (ast.get_docstring(syntax(path)) or "").partition("\n")[0]
        for path in modules()
    }
    assert [str(path) for path, line in openings.items() if ":" not in line] == ["__main__.py"]


def test_no_function_is_longer_than_60_lines() -> None:
    long = [
        f"{path.relative_to(SOURCE)}: {node.name}"
        for path in modules()
        for node in ast.walk(syntax(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or 0) - node.lineno >= FUNCTION_LINES
    ]
    assert not long


def test_nothing_is_left_to_do() -> None:
    words = ("TODO", "FIXME", "XXX", "NotImplementedError")
    found = [
        f"{path.relative_to(ROOT)}: {word}"
        for path in modules()
        for word in words
        if word in path.read_text()
    ]
    assert not found


# Modules whose tests have another name: which, and why they are there. Paths below src/wherry and tests.
ELSEWHERE = {
    "__main__.py": ("house/test_startup.py", "it is one call"),
    "testing.py": ("sim/test_kit.py", "it gives names to what sim holds"),
    "api/*.py": ("api/test_resources.py", "a table and its readers, tested kind by kind"),
    "api/*/*.py": ("api/test_resources.py", "types, checked for every resource of the table"),
    "apiserver/admission/*.py": (
        "apiserver/admission/test_order.py",
        "plug-ins, each by its effect on a write",
    ),
    "apiserver/protobuf/*.py": (
        "apiserver/protobuf/test_protobuf.py",
        "one round trip is the test of all four",
    ),
    "apiserver/*.py": ("apiserver/test_front.py", "the way of a request, end to end over a socket"),
    "apiserver/connect.py": ("node/test_agent.py", "it needs a node agent behind it"),
    "client/client.py": ("sim/test_kit.py", "typed calls, made by every test of a whole cluster"),
    "client/codec.py": ("client/test_http.py", "the bytes that the HTTP transport sends"),
    "client/transport.py": ("client/test_http.py", "a protocol"),
    "cluster/clock.py": ("cluster/test_controlplane.py", "the system's own time and chance"),
    "cluster/*.py": ("cluster/test_machine.py", "needs root and real containers"),
    "cluster/verbs/*.py": ("cluster/test_machine.py", "needs root and real containers"),
    "controllers/*.py": (
        "manager/test_engine.py",
        "parts of controllers, and the engine's whole round",
    ),
    "machinery/*.py": ("api/test_schema.py", "the grammar that the types are written in"),
    "manager/*.py": ("manager/test_engine.py", "one engine, tested as a whole in virtual time"),
    "network/**/*.py": ("network/proxy/test_proxier.py", "carried out in network namespaces"),
    "network/*.py": ("network/test_pods.py", "carried out in network namespaces"),
    "node/*.py": ("node/test_agent.py", "an agent with a fake runtime and a real API server"),
    "node/**/*.py": ("node/test_machine.py", "an agent with real containers and mounts"),
    "scheduler/**/*.py": (
        "scheduler/test_service.py",
        "the scheduler with its plug-ins against an API server",
    ),
    "scheduler/*.py": ("scheduler/test_service.py", "the scheduler as a whole against an API server"),
    "sim/clock.py": ("sim/test_kit.py", "virtual time is what every test there runs in"),
    "store/*.py": ("store/test_interface.py", "the suite that every backend passes"),
    "wire/*.py": ("wire/test_server.py", "parts of a server and a client that are tested on sockets"),
}


def mirror(path: Path) -> Path:
    inside = path.relative_to(SOURCE)
    return TESTS / inside.parent / f"test_{inside.name}"


def excused(path: Path) -> list[str]:
    """The tests that stand in for a module's own."""
    inside = str(path.relative_to(SOURCE))
    depth = inside.count("/")
    return [
        test
        for glob, (test, _) in ELSEWHERE.items()
        if fnmatch(inside, glob) and ("**" in glob or glob.count("/") == depth)
    ]


@pytest.mark.parametrize("test", sorted({test for test, _ in ELSEWHERE.values()}))
def test_what_stands_in_for_other_tests_is_there(test: str) -> None:
    assert (TESTS / test).exists()


def test_every_module_has_its_mirror_or_another_test_that_is_named() -> None:
    bare = [
        str(path.relative_to(SOURCE))
        for path in modules()
        if path.name != "__init__.py" and not mirror(path).exists() and not excused(path)
    ]
    assert not bare


def test_every_folder_of_tests_mirrors_a_room() -> None:
    """A room that is renamed takes its tests along."""
    folders = {path.parent.relative_to(TESTS) for path in TESTS.rglob("test_*.py")}
    rooms = {str(folder) for folder in folders} - OF_THE_WHOLE
    assert not [folder for folder in rooms if not (SOURCE / folder).is_dir()]
