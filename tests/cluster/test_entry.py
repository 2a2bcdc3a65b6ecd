"""Exit codes 0, 1 and 2, and failures in one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from wherry.cluster.entry import VERBS, cli, main


def exit_code(*arguments: str) -> int:
    try:
        main(arguments)
    except SystemExit as ended:
        return int(ended.code or 0)
    return 0


def test_help_names_every_verb(capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code("--help") == 0
    shown = capsys.readouterr().out
    assert all(words in shown for pair in VERBS.items() for words in pair)


@pytest.mark.parametrize("verb", list(VERBS))
def test_every_verb_has_help_of_its_own(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code(verb, "--help") == 0
    assert capsys.readouterr().out.startswith(f"Usage: wherry {verb} ")


@pytest.mark.parametrize("verb", list(VERBS))
def test_a_verb_says_the_same_of_itself_in_both_places(verb: str) -> None:
    command = cli.get_command(None, verb)  # type: ignore[arg-type]  # the context is for click's own groups
    assert command is not None
    assert command.help is not None
    assert command.help.partition(":")[0].rstrip(".") == VERBS[verb].partition(":")[0].rstrip(".")


@pytest.mark.parametrize(
    "arguments",
    [
        ("dwon",),
        ("up", "--fast"),
        ("up", "--port", "0"),
        ("up", "--store", "etcd"),
        ("logs",),
        ("images", "lod"),
    ],
)
def test_wrong_usage_is_two(arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code(*arguments) == 2
    assert "Usage: wherry" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        ("kubeconfig",),
        ("logs", "node"),
        ("images", "load", "nowhere.tar"),
        ("status", "--config", "nowhere.yaml"),
        ("down", "--name", "a/b"),
    ],
)
def test_failure_is_one_and_one_line(
    arguments: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code(*arguments, "--data-dir", str(tmp_path / "none")) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("wherry: ")
    assert said.err.count("\n") == 1


def test_nothing_to_stop_is_done(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code("down", "--data-dir", str(tmp_path / "none")) == 0
    assert capsys.readouterr().out.startswith("no cluster 'wherry' in")
