"""inotify: wakes up when something in a folder is written to, made or renamed."""

from __future__ import annotations

import asyncio
import ctypes
import os
from types import TracebackType

IN_MODIFY, IN_MOVED_TO, IN_CREATE = 0x2, 0x80, 0x100

_libc = ctypes.CDLL(None, use_errno=True)


class FolderWatch:
    """`with FolderWatch(folder) as watch: await watch.changed()`. No change between two calls is missed."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._descriptor = -1
        self._event = asyncio.Event()

    def __enter__(self) -> FolderWatch:
        self._descriptor = _libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        if self._descriptor < 0:
            raise OSError(ctypes.get_errno(), "inotify is not available: too many watches are open")
        _libc.inotify_add_watch(self._descriptor, self._folder.encode(), IN_MODIFY | IN_MOVED_TO | IN_CREATE)
        asyncio.get_running_loop().add_reader(self._descriptor, self._drain)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        asyncio.get_running_loop().remove_reader(self._descriptor)
        os.close(self._descriptor)

    def _drain(self) -> None:
        os.read(self._descriptor, 64 * 1024)
        self._event.set()

    def wake(self, _: object = None) -> None:
        """As if something had changed."""
        self._event.set()

    async def changed(self) -> None:
        """Wait until something has happened since the last call."""
        await self._event.wait()
        self._event.clear()
