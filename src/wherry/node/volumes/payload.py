"""Payload: files that are replaced all at once, in the layout that upstream's atomic writer made known.

    ..2026_01_02_15_04_05.x7k2/   the files
    ..data -> ..2026_01_02_15_04_05.x7k2
    name   -> ..data/name

A reader that goes through `..data` sees either all old files or all new ones.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path, PurePosixPath

from wherry.node.runtimes.interface import Value
from wherry.node.volumes.interface import VolumeFailure

DATA = "..data"
NEXT = "..data_tmp"
GROUP_READS = 0o440
GROUP_ENTERS = 0o550
SETGID = 0o2000


class File(Value):
    data: bytes
    mode: int = 0o644
    user: int | None = None


Payload = Mapping[str, File]


def write(folder: Path, payload: Payload, now: datetime, fs_group: int | None = None) -> bool:
    """Make `folder` hold exactly `payload`. False if it does already."""
    for path in payload:
        check_path(path)
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o777)
    current = _current(folder)
    if current is not None and _holds(current, payload):
        return False
    fresh = Path(tempfile.mkdtemp(prefix=now.strftime("..%Y_%m_%d_%H_%M_%S."), dir=folder))
    fresh.chmod(0o755)
    for path, file in payload.items():
        _write_file(fresh, path, file, fs_group)
    if fs_group is not None:
        _share_folders(folder, fresh, fs_group)
    _switch(folder, fresh.name)
    _link(folder, payload)
    if current is not None:
        shutil.rmtree(current, ignore_errors=True)
    return True


def check_path(path: str) -> None:
    parts = PurePosixPath(path).parts
    if not parts or path.startswith("/") or ".." in parts or parts[0].startswith(".."):
        raise VolumeFailure(f"invalid path {path!r}: it must be relative and must not contain '..'")


def _current(folder: Path) -> Path | None:
    try:
        return folder / os.readlink(folder / DATA)
    except OSError:
        return None


def _holds(current: Path, payload: Payload) -> bool:
    found = {str(path.relative_to(current)) for path in current.rglob("*") if not path.is_dir()}
    if found != {str(PurePosixPath(path)) for path in payload}:
        return False
    return all((current / path).read_bytes() == file.data for path, file in payload.items())


def _write_file(folder: Path, path: str, file: File, fs_group: int | None) -> None:
    target = folder / path
    target.parent.mkdir(parents=True, exist_ok=True)
    mode = file.mode if fs_group is None else file.mode | GROUP_READS
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as out:
        out.write(file.data)
        if file.user is not None or fs_group is not None:
            os.fchown(
                descriptor, -1 if file.user is None else file.user, -1 if fs_group is None else fs_group
            )
        os.fchmod(descriptor, mode)


def _share_folders(folder: Path, fresh: Path, fs_group: int) -> None:
    for path in (folder, fresh, *(each for each in fresh.rglob("*") if each.is_dir())):
        os.chown(path, -1, fs_group)
        path.chmod((path.stat().st_mode & 0o7777) | GROUP_ENTERS | SETGID)


def _switch(folder: Path, name: str) -> None:
    following = folder / NEXT
    following.unlink(missing_ok=True)
    following.symlink_to(name)
    following.rename(folder / DATA)


def _link(folder: Path, payload: Payload) -> None:
    """The names that users see: made for what is new, removed for what is gone."""
    wanted = {PurePosixPath(path).parts[0] for path in payload}
    for entry in os.scandir(folder):
        if entry.is_symlink() and not entry.name.startswith("..") and entry.name not in wanted:
            os.unlink(entry.path)
    for name in wanted:
        if not (folder / name).is_symlink():
            (folder / name).symlink_to(f"{DATA}/{name}")
