"""Mounts: the mount system calls, and what is mounted below a folder."""

from __future__ import annotations

import ctypes
import os
from pathlib import Path

MS_BIND, MS_REC = 4096, 16384
MNT_DETACH = 2

_libc = ctypes.CDLL(None, use_errno=True)


def _check(result: int, what: str, path: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what} {path} failed: {os.strerror(number)}", path)


def mount(source: str, target: str, kind: str = "", flags: int = 0, options: str = "") -> None:
    result = _libc.mount(
        source.encode(),
        target.encode(),
        kind.encode() or None,
        ctypes.c_ulong(flags),
        options.encode() or None,
    )
    _check(result, "mounting", target)


def mount_tmpfs(target: str, size: int = 0) -> None:
    """`size` in bytes; 0 for half of the memory, as the kernel sees fit."""
    mount("tmpfs", target, "tmpfs", options=f"size={size}" if size else "")


def bind(source: str, target: str) -> None:
    mount(source, target, flags=MS_BIND | MS_REC)


def unmount(target: str) -> None:
    _check(_libc.umount2(target.encode(), MNT_DETACH), "unmounting", target)


def mounted_below(folder: str) -> list[str]:
    """Mount points in and under `folder`, the deepest first."""
    return below(Path("/proc/self/mountinfo").read_text(), folder)


def below(mountinfo: str, folder: str) -> list[str]:
    points = [line.split(" ")[4] for line in mountinfo.splitlines()]
    decoded = [point.encode().decode("unicode_escape") if "\\" in point else point for point in points]
    prefix = folder.rstrip("/") + "/"
    found = [point for point in decoded if point == folder or point.startswith(prefix)]
    return sorted(found, key=len, reverse=True)
