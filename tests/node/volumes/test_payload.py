"""Payload: readers see all old files or all new ones, and only what is meant to be there."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wherry.node.volumes.interface import VolumeFailure
from wherry.node.volumes.payload import File, write

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def files(**data: bytes) -> dict[str, File]:
    return {name: File(data=value) for name, value in data.items()}


def shown(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for entry in folder.iterdir()
        if not entry.name.startswith("..")
        for path in ([entry] if entry.is_file() else entry.rglob("*"))
        if path.is_file()
    }


def test_files_are_links_into_one_folder(tmp_path: Path) -> None:
    assert write(tmp_path, files(a=b"1"), NOW)
    assert os.readlink(tmp_path / "a") == "..data/a"
    assert os.readlink(tmp_path / "..data").startswith("..2026_01_01_00_00_00.")
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o644


def test_writing_the_same_again_changes_nothing(tmp_path: Path) -> None:
    write(tmp_path, files(a=b"1"), NOW)
    before = os.readlink(tmp_path / "..data")
    assert not write(tmp_path, files(a=b"1"), NOW + timedelta(seconds=1))
    assert os.readlink(tmp_path / "..data") == before


contents = st.dictionaries(
    st.sampled_from(["a", "b", "d/e", "d/f", "g/h/i"]), st.binary(max_size=5), max_size=5
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=50)
@given(st.lists(contents, min_size=1, max_size=4))
def test_the_last_payload_is_all_that_is_there(tmp_path: Path, payloads: list[dict[str, bytes]]) -> None:
    for number, payload in enumerate(payloads):
        given_ = {name: File(data=data) for name, data in payload.items()}
        write(tmp_path, given_, NOW + timedelta(seconds=number))
    assert shown(tmp_path) == payloads[-1]
    assert len([entry for entry in tmp_path.iterdir() if entry.name.startswith("..20")]) == 1


@pytest.mark.parametrize("path", ["../x", "/x", "a/../../x", "..data"])
def test_paths_that_lead_elsewhere_are_refused(tmp_path: Path, path: str) -> None:
    with pytest.raises(VolumeFailure, match="invalid path"):
        write(tmp_path, {path: File(data=b"")}, NOW)
