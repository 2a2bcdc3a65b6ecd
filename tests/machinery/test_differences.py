"""Differences: what a person reads who changed what must not change."""

from __future__ import annotations

from wherry.machinery.differences import difference
from wherry.machinery.meta import Condition


def test_shows_the_lines_that_differ() -> None:
    text = difference(Condition(type="Ready", status="True"), Condition(type="Ready", status="False"))
    assert '-  "status": "True"' in text
    assert '+  "status": "False"' in text
    assert "@@" not in text


def test_nothing_differs() -> None:
    assert difference(Condition(), Condition()) == ""
