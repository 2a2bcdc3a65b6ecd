"""A component's log: one JSON object a line."""

from __future__ import annotations

import json
import logging
import sys

import pytest

from wherry.cluster.logs import JsonLines, configure


def line(message: str, *arguments: object, **extra: object) -> dict[str, object]:
    logger = logging.getLogger("wherry.node.agent")
    record = logger.makeRecord(logger.name, logging.WARNING, "f.py", 1, message, arguments, None, extra=extra)
    found: dict[str, object] = json.loads(JsonLines().format(record))
    return found


def test_a_line_says_when_how_bad_who_what_and_the_particulars() -> None:
    found = line("a pod was lost", pod="default/a", attempt=2)
    assert str(found.pop("time")).endswith("+00:00")
    assert found == {
        "level": "warning",
        "logger": "node.agent",
        "message": "a pod was lost",
        "pod": "default/a",
        "attempt": 2,
    }


def test_anything_can_be_a_particular() -> None:
    assert line("x", error=ValueError("über"))["error"] == "über"


def test_a_message_with_line_breaks_stays_one_line() -> None:
    logger = logging.getLogger("wherry.x")
    record = logger.makeRecord(logger.name, logging.INFO, "f.py", 1, "a\nb", (), None)
    assert "\n" not in JsonLines().format(record)


def test_an_exception_comes_with_its_traceback() -> None:
    try:
        raise ValueError("no")
    except ValueError:
        logger = logging.getLogger("x")
        record = logger.makeRecord("x", logging.ERROR, "f.py", 1, "failed", (), sys.exc_info())
    assert json.loads(JsonLines().format(record))["exception"].endswith("ValueError: no")


def test_the_log_goes_to_standard_error(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", [])
    monkeypatch.setattr(root, "level", root.level)
    configure()
    logging.getLogger("wherry.a").info("hello")
    logging.getLogger("wherry.a").debug("not shown")
    said = capsys.readouterr()
    assert said.out == ""
    assert [json.loads(each)["message"] for each in said.err.splitlines()] == ["hello"]
