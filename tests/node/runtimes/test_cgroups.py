"""Pod cgroups: what is detected, what is written, and, as root, that the kernel takes it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wherry.node.runtimes.cgroups import Cgroups, Hierarchy, detect, name, parse, v1_files, v2_files, weight
from wherry.node.runtimes.interface import Resources

HYBRID = """\
30 29 0:26 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755
31 30 0:27 / /sys/fs/cgroup/cpu,cpuacct rw shared:1 - cgroup cgroup rw,cpu,cpuacct
32 30 0:28 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory
33 30 0:29 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,xattr,release_agent=/x,name=systemd
34 30 0:30 / /nonexistent/unified rw - cgroup2 cgroup2 rw
35 30 0:28 / /elsewhere/memory rw - cgroup cgroup rw,memory
"""


def test_each_hierarchy_is_found_once() -> None:
    found = tuple(parse(HYBRID))
    assert [(each.mountpoint, each.unified, each.controllers) for each in found] == [
        ("/sys/fs/cgroup/cpu,cpuacct", False, ("cpu", "cpuacct")),
        ("/sys/fs/cgroup/memory", False, ("memory",)),
        ("/sys/fs/cgroup/systemd", False, ("name=systemd",)),
        ("/nonexistent/unified", True, ()),
    ]
    assert Cgroups(found).version == 1


def test_v2_is_where_the_memory_controller_is() -> None:
    assert Cgroups((Hierarchy(mountpoint="/c", unified=True, controllers=("cpu", "memory")),)).version == 2


def test_a_path_is_its_own_parent_with_cgroupfs() -> None:
    made = name("cgroupfs", "wherry", "burstable", "pod1-2")
    assert made.path == made.parent == "/wherry/burstable/pod1-2"


def test_systemd_slices_repeat_their_parents() -> None:
    made = name("systemd", "wherry", "burstable", "pod1-2")
    assert made.parent == "wherry-burstable-pod1_2.slice"
    assert made.path == "/wherry.slice/wherry-burstable.slice/wherry-burstable-pod1_2.slice"


def test_only_what_is_set_is_written() -> None:
    assert v1_files(Resources(), ("cpu", "memory", "cpuset")) == {}
    assert v2_files(Resources()) == {}


def test_limits_in_the_words_of_v1() -> None:
    limits = Resources(cpu_shares=512, cpu_quota=-5, memory_limit=1 << 20, hugepage_limits={"2MB": 0})
    assert v1_files(limits, ("cpu",)) == {"cpu.shares": "512", "cpu.cfs_quota_us": "-1"}
    assert v1_files(limits, ("memory",)) == {"memory.limit_in_bytes": "1048576"}
    assert v1_files(limits, ("pids",)) == {}


def test_limits_in_the_words_of_v2() -> None:
    limits = Resources(cpu_shares=1024, cpu_quota=50_000, memory_limit=-1, unified={"memory.low": "1"})
    assert v2_files(limits) == {
        "cpu.weight": "39",
        "cpu.max": "50000 100000",
        "memory.max": "max",
        "memory.low": "1",
    }


@given(st.integers(-5, 10**6))
def test_a_weight_is_within_what_the_kernel_takes(shares: int) -> None:
    assert 1 <= weight(shares) <= 10_000
    assert weight(shares) <= weight(shares + 1)


def test_works_on_v2_files_as_on_folders(tmp_path: Path) -> None:
    """A v2 hierarchy by the look of it: controllers are delegated on the way down."""
    (tmp_path / "cgroup.subtree_control").write_text("")
    cgroups = Cgroups((Hierarchy(mountpoint=str(tmp_path), unified=True, controllers=("memory",)),))
    cgroups.make("/wherry/pod1", Resources(memory_limit=4096))
    assert (tmp_path / "wherry/pod1/memory.max").read_text() == "4096"
    assert (tmp_path / "cgroup.subtree_control").read_text() == "+memory"
    assert (tmp_path / "wherry/cgroup.subtree_control").read_text() == "+memory"
    assert cgroups.children("/wherry") == {"pod1"}


@pytest.mark.machine
def test_the_kernel_makes_limits_and_removes_them() -> None:
    cgroups = detect()
    path = "/wherrytest/cgroups/pod1"
    try:
        cgroups.make(path, Resources(cpu_shares=200, memory_limit=64 << 20))
        cgroups.make(path)
        assert cgroups.exists(path)
        assert cgroups.children("/wherrytest/cgroups") == {"pod1"}
        assert cgroups.processes(path) == set()
        values = {
            (Path(each.mountpoint + path) / file).read_text().strip()
            for each in cgroups.hierarchies
            for file in ("memory.limit_in_bytes", "memory.max")
            if os.path.exists(f"{each.mountpoint}{path}/{file}")
        }
        assert values == {str(64 << 20)}
    finally:
        cgroups.remove("/wherrytest/cgroups")
    assert not cgroups.exists("/wherrytest/cgroups")
    cgroups.remove("/wherrytest/cgroups")
