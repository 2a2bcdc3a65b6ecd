"""docs/reference says what the program has, and all of it."""

from __future__ import annotations

import pytest
from tools import reference

PAGES = reference.pages()


@pytest.mark.parametrize("name", sorted(PAGES))
def test_a_page_is_what_the_program_says_today(name: str) -> None:
    file = reference.FOLDER / name
    assert file.exists(), f"{name} is not there: run `python -m tools.reference`"
    assert file.read_text() == PAGES[name], f"{name} is out of date: run `python -m tools.reference`"


def test_no_page_is_left_over() -> None:
    assert {file.name for file in reference.FOLDER.iterdir()} == set(PAGES)


def test_every_option_says_what_it_does() -> None:
    assert "` |  |" not in PAGES["command-line.md"]
    assert "|  |\n" not in PAGES["configuration.md"]
