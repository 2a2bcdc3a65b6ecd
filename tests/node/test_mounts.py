"""Mounts: what is mounted below a folder is found, the deepest first."""

from __future__ import annotations

from wherry.node.mounts import below

INFO = """\
1 0 0:1 / / rw - ext4 /dev/a rw
2 1 0:2 / /pods/u/v rw - tmpfs tmpfs rw
3 2 0:3 / /pods/u/v/deep rw - tmpfs tmpfs rw
4 1 0:4 / /pods/u2/v rw - tmpfs tmpfs rw
5 1 0:5 / /pods/u/with\\040space rw - tmpfs tmpfs rw
"""


def test_mount_points_are_found_by_folder() -> None:
    assert below(INFO, "/pods/u") == ["/pods/u/with space", "/pods/u/v/deep", "/pods/u/v"]
    assert below(INFO, "/pods/u2/") == ["/pods/u2/v"]
    assert below(INFO, "/other") == []
