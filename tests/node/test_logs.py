"""Logs: files do not grow without bound, and the newest are kept."""

from __future__ import annotations

from pathlib import Path

from wherry.node.logs import tidy


def test_the_newest_are_kept_and_all_but_one_compressed(tmp_path: Path) -> None:
    path = tmp_path / "0.log"
    path.touch()
    for number in range(6):
        (tmp_path / f"0.log.20260101-00000{number}").write_text(str(number))
    tidy(path, 4)
    assert sorted(entry.name for entry in tmp_path.iterdir()) == [
        "0.log",
        "0.log.20260101-000003.gz",
        "0.log.20260101-000004.gz",
        "0.log.20260101-000005",
    ]
    tidy(path, 4)
    assert len(list(tmp_path.iterdir())) == 4
