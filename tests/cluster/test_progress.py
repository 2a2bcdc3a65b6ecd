"""What `up` shows: a line a stage for people, one document for programs."""

from __future__ import annotations

import json

import pytest
import yaml

from wherry.cluster.progress import Progress

RESULT = {
    "name": "wherry",
    "found": False,
    "server": "https://127.0.0.1:6443",
    "kubeconfig": "/k",
    "context": "wherry",
    "node": "n1",
    "try": ["kubectl get nodes"],
}


def test_each_stage_is_shown_with_its_duration(capsys: pytest.CaptureFixture[str]) -> None:
    progress = Progress()
    with progress.stage("certificates"):
        pass
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "✓" in shown.err
    assert "certificates" in shown.err
    assert shown.err.rstrip().endswith(" s")


def test_a_stage_that_fails_is_not_done(capsys: pytest.CaptureFixture[str]) -> None:
    progress = Progress()
    with pytest.raises(ValueError, match="no"), progress.stage("certificates"):
        raise ValueError("no")
    assert progress.stages == []
    assert "✓" not in capsys.readouterr().err


@pytest.mark.parametrize(("output", "read"), [("json", json.loads), ("yaml", yaml.safe_load)])
def test_programs_get_all_of_it_as_one_document(
    output: str, read: object, capsys: pytest.CaptureFixture[str]
) -> None:
    assert callable(read)
    progress = Progress(quiet=True)
    with progress.stage("certificates"):
        pass
    progress.show(RESULT, output)
    shown = capsys.readouterr()
    found = read(shown.out)
    assert shown.err == ""
    assert [stage["stage"] for stage in found.pop("stages")] == ["certificates"]
    assert found.pop("seconds") >= 0
    assert found == RESULT


@pytest.mark.parametrize(("found", "words"), [(False, "is ready after"), (True, "is found running after")])
def test_people_get_what_to_try_next(found: bool, words: str, capsys: pytest.CaptureFixture[str]) -> None:
    Progress().show({**RESULT, "found": found}, "text")
    shown = capsys.readouterr().out
    assert words in shown
    assert "try          kubectl get nodes" in shown
