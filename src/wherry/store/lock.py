"""FileLock: one process at a time, kept by the kernel, gone with the process however it ends."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from wherry.store.interface import StoreBusy


class FileLock:
    """A lock file beside what it protects. It holds the owner's process id and is never removed:
    a removed one could be locked twice, once under its name and once without."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            owner = os.read(self._file, 20).decode(errors="replace").strip() or "unknown"
            os.close(self._file)
            raise StoreBusy(
                f"{path.with_suffix('')} is in use by process {owner}: "
                "stop that process, or choose another data folder"
            ) from None
        os.ftruncate(self._file, 0)
        os.write(self._file, f"{os.getpid()}\n".encode())

    def release(self) -> None:
        os.close(self._file)
