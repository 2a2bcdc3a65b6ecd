from __future__ import annotations

import os
from pathlib import Path

import pytest

from wherry.store.interface import StoreBusy
from wherry.store.lock import FileLock


def test_the_second_owner_is_told_who_the_first_is(tmp_path: Path) -> None:
    path = tmp_path / "store.db.lock"
    first = FileLock(path)
    with pytest.raises(StoreBusy, match=f"store.db is in use by process {os.getpid()}: stop"):
        FileLock(path)
    first.release()
    FileLock(path).release()
