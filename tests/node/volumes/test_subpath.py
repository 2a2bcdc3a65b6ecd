"""subPath: a part of the volume, never anything outside of it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from wherry.node.volumes.interface import VolumeFailure
from wherry.node.volumes.subpath import open_inside


def place(descriptor: int) -> str:
    try:
        return os.readlink(f"/proc/self/fd/{descriptor}")
    finally:
        os.close(descriptor)


def test_a_missing_folder_is_made(tmp_path: Path) -> None:
    assert place(open_inside(tmp_path, "a/b")) == str(tmp_path / "a" / "b")


def test_links_inside_the_volume_are_followed(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    assert place(open_inside(tmp_path, "link/x")) == str(tmp_path / "real" / "x")


@pytest.mark.parametrize("target", ["/etc", "../../etc", "/"])
def test_links_that_lead_out_are_refused(tmp_path: Path, target: str) -> None:
    (tmp_path / "out").symlink_to(target)
    with pytest.raises(VolumeFailure, match="leads out of the volume"):
        open_inside(tmp_path, "out/passwd")


@pytest.mark.parametrize("path", ["../x", "/etc", "a/../../x"])
def test_paths_that_lead_out_are_refused(tmp_path: Path, path: str) -> None:
    with pytest.raises(VolumeFailure, match="must be relative"):
        open_inside(tmp_path, path)


def test_a_link_that_appears_after_the_check_is_not_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a").mkdir()
    resolve = Path.resolve

    def swap(self: Path, strict: bool = False) -> Path:
        found = resolve(self, strict)
        if self.name == "a" and not (tmp_path / "a").is_symlink():
            (tmp_path / "a").rmdir()
            (tmp_path / "a").symlink_to("/etc")
        return found

    monkeypatch.setattr(Path, "resolve", swap)
    with pytest.raises(VolumeFailure, match="has become a link"):
        open_inside(tmp_path, "a")
