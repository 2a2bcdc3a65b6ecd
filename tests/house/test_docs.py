"""Every block in README.md and docs/ is run, parsed or taken by a cluster: docs that lie fail.

python            executed, and the tests it defines are called; without imports it is an excerpt, whose
                  functions and classes must be in src/
console, sh       `wherry …` parses against the command line, `make X` is a target
yaml              a manifest is taken by an API server, anything else must be a configuration file
"""

from __future__ import annotations

import ast
import inspect
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import click
import pytest
import yaml

from wherry.cluster.config import load
from wherry.cluster.entry import cli
from wherry.testing import Cluster, run

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
LANGUAGES = {"python", "console", "sh", "yaml", "json", "text", "toml", "nft", "sql", ""}
PROGRAMS = {
    "wherry",
    "make",
    "kubectl",
    "helm",
    "curl",
    "sudo",
    "cat",
    "git",
    "cd",
    "kill",
    "python",
    "pytest",
    "export",
}
FENCE = re.compile(r"^( *)```([\w-]*)[^\n]*\n(.*?)^\1```\s*$", re.M | re.S)
LINK = re.compile(r"\[[^\]]*\]\(([^)#\s]+)(?:#[^)]*)?\)")
REGISTRIES = ("registry.k8s.io", "quay.io", "ghcr.io", "gcr.io", "docker.io", "pypi.org", "proxy.golang.org")
# A name without a registry means this one: that is the grammar of names, not a place to take anything from.
SPEAKS_OF_NAMES = {"src/wherry/node/images.py", "src/wherry/node/runtimes/archive.py"}


class Block(NamedTuple):
    page: Path
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def blocks_of(page: Path) -> Iterator[Block]:
    text = page.read_text()
    for found in FENCE.finditer(text):
        indent, language, body = found.groups()
        line = text.count("\n", 0, found.start()) + 1
        yield Block(page, line, language, inspect.cleandoc("\n" + body) if indent else body)


BLOCKS = [block for page in PAGES for block in blocks_of(page)]


def of(*languages: str) -> pytest.MarkDecorator:
    found = [block for block in BLOCKS if block.language in languages]
    return pytest.mark.parametrize("block", found, ids=str)


def is_excerpt(block: Block) -> bool:
    tree = ast.parse(block.text)
    return not any(isinstance(node, ast.Import | ast.ImportFrom) for node in ast.walk(tree))


def commands_of(block: Block) -> Iterator[list[str]]:
    """The words of each command: after `$ ` in a console, every line in a shell script."""
    text = block.text.replace("\\\n", " ")
    for line in text.splitlines():
        if block.language == "console":
            if not line.startswith(("$ ", "# ")):
                continue
            line = line[2:]
        for part in re.split(r"\s(?:\||&&|\|\||;)\s|\s<\s|\s>{1,2}\s", line):
            words = shlex.split(part, comments=True)
            while words and (words[0] in ("sudo", "time") or re.fullmatch(r"[A-Z_]+=.*", words[0])):
                words = words[1:]
            if words:
                yield [Path(words[0]).name, *words[1:]]


def parse(command: click.Command, words: list[str], context: click.Context | None = None) -> None:
    """Raise where the command line does not know these words. Nothing is run."""
    if words and words[-1] in ("--help", "--version"):
        words = words[:-1]
        if not words:
            return
    made = command.make_context(command.name, list(words), parent=context)
    if isinstance(command, click.Group):
        rest = [*made._protected_args, *made.args]
        assert rest, f"{command.name}: which verb?"
        verb = command.get_command(made, rest[0])
        assert verb is not None, f"there is no verb {rest[0]!r}"
        parse(verb, rest[1:], made)


def targets() -> set[str]:
    return set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M))


def test_there_are_blocks_of_every_kind() -> None:
    assert {"python", "yaml"} <= {block.language for block in BLOCKS}
    assert {block.language for block in BLOCKS} <= LANGUAGES


@of("python")
def test_python_runs_or_is_in_the_source(
    block: Block, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if is_excerpt(block):
        source = "\n".join(path.read_text() for path in (ROOT / "src").rglob("*.py"))
        for node in ast.parse(block.text).body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                assert re.search(rf"(def|class) {node.name}\b", source), f"{node.name} is nowhere in src/"
        return
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {"__name__": "example"}
    exec(compile(block.text, str(block), "exec"), names)
    for name, found in list(names.items()):
        if name.startswith("test_") and not inspect.signature(found).parameters:
            outcome = found()
            if inspect.iscoroutine(outcome):
                run(outcome)


@of("console", "sh")
def test_commands_are_ones_that_there_are(block: Block) -> None:
    for program, *words in commands_of(block):
        assert program in PROGRAMS, f"{program}: no program that the docs speak of"
        if program == "wherry":
            parse(cli, words)
        elif program == "make":
            named = [word for word in words if "=" not in word and not word.startswith("-")]
            assert set(named) <= targets()


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with Cluster(nodes=0) as made:
        yield made


@of("yaml")
def test_yaml_is_taken(block: Block, cluster: Cluster, tmp_path: Path) -> None:
    for tree in yaml.safe_load_all(block.text):
        if "kind" in tree:
            cluster.apply(tree)
            continue
        file = tmp_path / "config.yaml"
        file.write_text(yaml.safe_dump({**tree, "data_dir": str(tmp_path / "data")}))
        load({}, file=file)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for target in LINK.findall(page.read_text()):
        if "://" not in target:
            assert (page.parent / target).exists(), f"{target} is not there"


def test_paths_that_are_named_exist() -> None:
    """`src/wherry/…`, `tests/…` and the like in backticks; a `<name>` in it stands for any."""
    named = re.compile(r"`((?:src/wherry|tests|docs|tools|bench|examples)/[\w./<>*-]+)`")
    for page in PAGES:
        for path in named.findall(page.read_text()):
            plain = re.sub(r"<[^>]*>", "*", path).rstrip("/")
            assert any(ROOT.glob(plain)), f"{page.relative_to(ROOT)}: {path} is not there"


def test_nothing_speaks_of_registries() -> None:
    files = [*PAGES, ROOT / "Makefile", *(ROOT / "tools").glob("*.*"), *(ROOT / "src").rglob("*.py")]
    found = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in files
        if str(path.relative_to(ROOT)) not in SPEAKS_OF_NAMES
        for name in REGISTRIES
        if name in path.read_text()
    ]
    assert not found
