"""hostPath volume: a path of the node itself, of the type that the pod expects."""

from __future__ import annotations

import stat
from collections.abc import Callable
from pathlib import Path

from wherry.api.core.volume import Volume
from wherry.node.volumes.interface import Mounted, Site, VolumeFailure, volume_type

CHECKS: dict[str, tuple[Callable[[int], bool], str]] = {
    "Directory": (stat.S_ISDIR, "a directory"),
    "File": (stat.S_ISREG, "a file"),
    "Socket": (stat.S_ISSOCK, "a socket file"),
    "CharDevice": (stat.S_ISCHR, "a character device"),
    "BlockDevice": (stat.S_ISBLK, "a block device"),
}


@volume_type("hostPath")
class HostPath:
    refreshes = False

    async def set_up(self, volume: Volume, site: Site) -> Mounted:
        source = volume.hostPath
        assert source is not None
        provide(Path(source.path), source.type)
        return Mounted(path=source.path)


def provide(path: Path, kind: str) -> None:
    """Make or check `path`. Without a type it is taken as it is."""
    if kind == "DirectoryOrCreate":
        if not path.exists():
            path.mkdir(mode=0o755, parents=True)
        kind = "Directory"
    elif kind == "FileOrCreate":
        if not path.exists():
            path.touch(mode=0o644)
        kind = "File"
    if not kind:
        return
    fits, words = CHECKS[kind]
    try:
        mode = path.stat().st_mode
    except OSError:
        mode = 0
    if not fits(mode):
        raise VolumeFailure(f"hostPath type check failed: {path} is not {words}")
