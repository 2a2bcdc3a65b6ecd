"""`wherry status`: what runs, and what to do where it does not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from wherry.cluster.entry import cli
from wherry.cluster.verbs.status import show


def status(data: Path, *arguments: str) -> int:
    try:
        cli.main(["status", *arguments, "--data-dir", str(data)], standalone_mode=False)
    except SystemExit as ended:
        return int(ended.code or 0)
    return 0


@pytest.mark.parametrize(("output", "read"), [("json", json.loads), ("yaml", yaml.safe_load)])
def test_programs_get_a_document_and_an_exit_code(
    tmp_path: Path, output: str, read: object, capsys: pytest.CaptureFixture[str]
) -> None:
    assert callable(read)
    assert status(tmp_path, "-o", output) == 1
    assert read(capsys.readouterr().out) == {
        "name": "wherry",
        "dataDir": str(tmp_path),
        "running": False,
        "components": {"controlplane": {"running": False}, "node": {"running": False}},
    }


def test_people_are_told_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status(tmp_path)
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == "start what is missing with `wherry up`"
    assert sum("not running" in line for line in lines) == 2


def test_what_runs_is_shown_with_what_it_costs(capsys: pytest.CaptureFixture[str]) -> None:
    running = {"running": True, "pid": 7, "memoryMiB": 80}
    show(
        {
            "name": "wherry",
            "dataDir": "/d",
            "running": True,
            "components": {"controlplane": running, "node": running},
            "nodes": [{"name": "n1", "ready": True}, {"name": "n2", "ready": False}],
            "pods": {"running": 3, "all": 4},
        }
    )
    shown = capsys.readouterr().out
    assert "running, pid 7, 80 MiB" in shown
    assert "n1, Ready" in shown
    assert "n2, NotReady" in shown
    assert "3 of 4 running" in shown
