"""`wherry images load`: which archives are meant."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from wherry.cluster.verbs.images import archives


def test_an_archive_is_itself_and_a_folder_those_in_it(tmp_path: Path) -> None:
    for name in ("b.tar", "a.tar.gz", "notes.txt"):
        (tmp_path / name).touch()
    assert archives(tmp_path / "b.tar") == [tmp_path / "b.tar"]
    assert archives(tmp_path) == [tmp_path / "a.tar.gz", tmp_path / "b.tar"]


def test_nothing_to_load_is_said(tmp_path: Path) -> None:
    with pytest.raises(click.ClickException, match=r"holds no image archive \(\*\.tar, \*\.tar\.gz\)"):
        archives(tmp_path)
    with pytest.raises(click.ClickException, match="is not there: name an image archive"):
        archives(tmp_path / "none.tar")
