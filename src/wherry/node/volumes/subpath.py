"""subPath: a part of a volume, bound in such a way that no link a pod has made leads out of the volume.

The path is resolved once, checked, then walked again folder by folder without following links; what is
bound is the very folder or file that the walk arrived at, whatever has been renamed meanwhile.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from wherry.node import mounts
from wherry.node.volumes.interface import VolumeFailure

FOLDER_MODE = 0o750


def bind_subpath(volume: Path, subpath: str, target: Path) -> Path:
    """Bind `subpath` of `volume` to `target`, made if it is missing; `target`."""
    descriptor = open_inside(volume, subpath)
    try:
        if target.is_mount():
            mounts.unmount(str(target))
        target.parent.mkdir(parents=True, exist_ok=True)
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            target.mkdir(exist_ok=True)
        else:
            target.touch(exist_ok=True)
        mounts.bind(f"/proc/self/fd/{descriptor}", str(target))
    finally:
        os.close(descriptor)
    return target


def open_inside(volume: Path, subpath: str) -> int:
    """A descriptor (O_PATH) of `subpath`. VolumeFailure if that is not inside `volume`."""
    if os.path.isabs(subpath) or ".." in Path(subpath).parts:
        raise VolumeFailure(f"subPath {subpath!r} must be relative and must not contain '..'")
    root = volume.resolve()
    resolved = (root / subpath).resolve()
    if resolved != root and root not in resolved.parents:
        raise VolumeFailure(f"subPath {subpath!r} leads out of the volume")
    descriptor = os.open(root, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    for part in resolved.relative_to(root).parts:
        below = _step(descriptor, part, subpath)
        os.close(descriptor)
        descriptor = below
    return descriptor


def _step(folder: int, part: str, subpath: str) -> int:
    flags = os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        try:
            found = os.open(part, flags, dir_fd=folder)
        except FileNotFoundError:
            os.mkdir(part, FOLDER_MODE, dir_fd=folder)
            found = os.open(part, flags, dir_fd=folder)
    except OSError as error:
        os.close(folder)
        raise VolumeFailure(f"subPath {subpath!r} can't be opened: {error}") from error
    if stat.S_ISLNK(os.fstat(found).st_mode):
        os.close(found)
        os.close(folder)
        raise VolumeFailure(f"subPath {subpath!r} has become a link while it was being opened")
    return found
