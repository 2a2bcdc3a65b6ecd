"""`wherry logs`: the end of a log, for people or as written."""

from __future__ import annotations

import json
from itertools import islice
from pathlib import Path

import click
import pytest

from wherry.cluster.entry import cli
from wherry.cluster.verbs.logs import lines, readable

LINE = json.dumps(
    {
        "time": "2026-01-01T00:00:00.000+00:00",
        "level": "warning",
        "logger": "node.agent",
        "message": "a pod was lost",
        "pod": "default/a",
    }
)


def logs(data: Path, *arguments: str) -> None:
    cli.main(["logs", *arguments, "--data-dir", str(data)], standalone_mode=False)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "logs"
    folder.mkdir()
    (folder / "node.log").write_text("".join(f"{LINE}\n" for _ in range(5)) + "Traceback: crash\n")
    return tmp_path


def test_people_read_lines(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    logs(data, "node", "--tail", "2")
    assert capsys.readouterr().out.splitlines() == [
        "2026-01-01T00:00:00.000+00:00 WARN node.agent: a pod was lost  pod=default/a",
        "Traceback: crash",
    ]


def test_programs_read_what_was_written(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    logs(data, "node", "--tail", "3", "-o", "json")
    assert capsys.readouterr().out.splitlines() == [LINE, LINE, "Traceback: crash"]


def test_a_log_that_is_not_there_names_those_that_are(data: Path, tmp_path: Path) -> None:
    with pytest.raises(click.ClickException, match="there is no log of 'nod': there are logs of node"):
        logs(data, "nod")
    with pytest.raises(click.ClickException, match="the cluster has not run yet"):
        logs(tmp_path / "none", "node")


def test_following_goes_on_with_what_is_written(data: Path) -> None:
    file = data / "logs" / "node.log"
    following = lines(file, 1, follow=True)
    assert next(following) == "Traceback: crash\n"
    with file.open("a") as more:
        more.write("one\ntwo\n")
    assert list(islice(following, 2)) == ["one\n", "two\n"]


@pytest.mark.parametrize("line", ["", "plain", "[]", '{"time": 1}', "{"])
def test_what_is_no_line_of_ours_is_shown_as_it_is(line: str) -> None:
    assert readable(line + "\n") == line


def test_an_exception_follows_its_line() -> None:
    tree = {**json.loads(LINE), "exception": "Traceback\nValueError: no"}
    assert readable(json.dumps(tree)).endswith("pod=default/a\nTraceback\nValueError: no")
