"""Ownership: makes a volume's files usable for the pod's fsGroup."""

from __future__ import annotations

import os
from pathlib import Path

READ_WRITE, READ_ONLY = 0o660, 0o440
ENTER = 0o110
SETGID = 0o2000


def share_with_group(folder: Path, group: int, *, readonly: bool = False) -> None:
    """Give everything in `folder` to `group`; new files inherit it. Links are left alone."""
    for root, folders, files in os.walk(folder):
        _share(root, group, readonly=readonly, folder=True)
        for name in (*files, *(name for name in folders if os.path.islink(os.path.join(root, name)))):
            _share(os.path.join(root, name), group, readonly=readonly, folder=False)


def is_shared(folder: Path, group: int) -> bool:
    """What fsGroupChangePolicy OnRootMismatch looks at."""
    found = folder.stat()
    wanted = READ_WRITE | ENTER | SETGID
    return found.st_gid == group and found.st_mode & wanted == wanted


def _share(path: str, group: int, *, readonly: bool, folder: bool) -> None:
    os.lchown(path, -1, group)
    if os.path.islink(path):
        return
    mode = READ_ONLY if readonly else READ_WRITE
    if folder:
        mode |= ENTER | SETGID
    os.chmod(path, (os.stat(path).st_mode & 0o7777) | mode)
