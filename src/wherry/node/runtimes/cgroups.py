"""cgroups: the hierarchy of pods, made, limited and removed in whatever way the host has cgroups mounted.

A host is v2 (one hierarchy), v1 (one per controller), or hybrid (v1 controllers beside a v2 hierarchy
that holds few or none). A cgroup is named by its path below the mounts, such as `/wherry/podUID`; mounts
themselves are never touched.
"""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator, Mapping

from wherry.node.runtimes.interface import Resources, Value

SHARES_DEFAULT, SHARES_MIN, SHARES_MAX = 1024, 2, 262144
CPU_PERIOD = 100_000  # microseconds, the kernel's default


class Hierarchy(Value):
    """One mounted hierarchy: where, and which controllers it has (on v2: those that are available)."""

    mountpoint: str
    unified: bool
    controllers: tuple[str, ...] = ()


class Name(Value):
    """A pod's cgroup: its path below the mounts, and what CRI calls it as a parent."""

    path: str
    parent: str


def name(driver: str, *parts: str) -> Name:
    """`("wherry", "burstable", "podX")` for a cgroup driver.

    With `cgroupfs` a path, the same for both. With `systemd` a slice, whose name repeats those of its
    parents; dashes separate levels there, so those within a part become underscores.
    """
    if driver != "systemd":
        path = "/" + "/".join(parts)
        return Name(path=path, parent=path)
    words = [part.replace("-", "_") for part in parts]
    slices = ["-".join(words[: depth + 1]) + ".slice" for depth in range(len(words))]
    return Name(path="/" + "/".join(slices), parent=slices[-1])


class Cgroups:
    """The mounted hierarchies, as `detect` found them."""

    def __init__(self, hierarchies: tuple[Hierarchy, ...]) -> None:
        self.hierarchies = hierarchies

    @property
    def version(self) -> int:
        """2 if the memory controller is there on v2, else 1: what runc and containerd go by."""
        return 2 if any(each.unified and "memory" in each.controllers for each in self.hierarchies) else 1

    def make(self, path: str, limits: Resources | None = None) -> None:
        """Make the cgroup with its parents, everywhere, and limit it. It may be there already."""
        for hierarchy in self._used():
            for folder in _lineage(hierarchy.mountpoint, path):
                if hierarchy.unified:
                    _delegate(os.path.dirname(folder), hierarchy.controllers)
                os.makedirs(folder, exist_ok=True)
                if "cpuset" in hierarchy.controllers and not hierarchy.unified:
                    _inherit_cpuset(folder)
        if limits is not None:
            self.limit(path, limits)

    def limit(self, path: str, limits: Resources) -> None:
        """Set what `limits` says; zero leaves a limit as it is, a negative number lifts it."""
        for hierarchy in self._used():
            folder = hierarchy.mountpoint + path
            files = v2_files(limits) if hierarchy.unified else v1_files(limits, hierarchy.controllers)
            for name, value in files.items():
                _write(f"{folder}/{name}", value)

    def remove(self, path: str) -> None:
        """Remove the cgroup and those below it, everywhere, as far as nobody is left in them."""
        for hierarchy in self.hierarchies:
            for folder, _, _ in os.walk(hierarchy.mountpoint + path, topdown=False):
                with contextlib.suppress(OSError):
                    os.rmdir(folder)

    def exists(self, path: str) -> bool:
        return any(os.path.isdir(each.mountpoint + path) for each in self.hierarchies)

    def children(self, path: str) -> set[str]:
        """Names of the cgroups directly below."""
        names: set[str] = set()
        for hierarchy in self.hierarchies:
            with contextlib.suppress(OSError), os.scandir(hierarchy.mountpoint + path) as entries:
                names |= {entry.name for entry in entries if entry.is_dir(follow_symlinks=False)}
        return names

    def processes(self, path: str) -> set[int]:
        """Who lives in the cgroup or below it."""
        found: set[int] = set()
        for hierarchy in self.hierarchies:
            for folder, _, _ in os.walk(hierarchy.mountpoint + path):
                found |= {int(line) for line in _read(f"{folder}/cgroup.procs").split()}
        return found

    def _used(self) -> Iterator[Hierarchy]:
        """On a hybrid host the v2 hierarchy has nothing to limit a pod with; it is left alone."""
        return (each for each in self.hierarchies if each.unified == (self.version == 2))


def detect(mountinfo: str | None = None) -> Cgroups:
    """The hierarchies mounted on this host, each once."""
    text = _read("/proc/self/mountinfo") if mountinfo is None else mountinfo
    return Cgroups(tuple(parse(text)))


def parse(mountinfo: str) -> Iterator[Hierarchy]:
    """From /proc/PID/mountinfo. Of several mounts of one hierarchy the first counts."""
    seen: set[tuple[str, ...]] = set()
    for line in mountinfo.splitlines():
        place, _, rest = line.partition(" - ")
        kind, _, options = rest.split(maxsplit=2)
        mountpoint = place.split()[4]
        if kind == "cgroup2":
            controllers = tuple(_read(f"{mountpoint}/cgroup.controllers").split())
            key: tuple[str, ...] = ("unified",)
        elif kind == "cgroup":
            known = (word for word in options.split(",") if word not in ("rw", "ro", "xattr", "seclabel"))
            key = controllers = tuple(word for word in known if not word.startswith("release_agent"))
        else:
            continue
        if key not in seen:
            seen.add(key)
            yield Hierarchy(mountpoint=mountpoint, unified=kind == "cgroup2", controllers=controllers)


def v1_files(limits: Resources, controllers: tuple[str, ...]) -> Mapping[str, str]:
    """What to write where, in a v1 hierarchy with these controllers."""
    files: dict[str, int | str] = {}
    if "cpu" in controllers:
        files |= {
            "cpu.shares": limits.cpu_shares,
            "cpu.cfs_period_us": limits.cpu_period,
            "cpu.cfs_quota_us": max(limits.cpu_quota, -1),
        }
    if "memory" in controllers:
        files["memory.limit_in_bytes"] = max(limits.memory_limit, -1)
    if "cpuset" in controllers:
        files |= {"cpuset.cpus": limits.cpuset_cpus, "cpuset.mems": limits.cpuset_mems}
    if "hugetlb" in controllers:
        for size, limit in limits.hugepage_limits.items():
            files[f"hugetlb.{size}.limit_in_bytes"] = limit
    return {name: str(value) for name, value in files.items() if value}


def v2_files(limits: Resources) -> Mapping[str, str]:
    """What to write where, in a v2 cgroup."""
    files: dict[str, str] = {}
    if limits.cpu_shares:
        files["cpu.weight"] = str(weight(limits.cpu_shares))
    if limits.cpu_quota:
        quota = str(limits.cpu_quota) if limits.cpu_quota > 0 else "max"
        files["cpu.max"] = f"{quota} {limits.cpu_period or CPU_PERIOD}"
    if limits.memory_limit:
        files["memory.max"] = str(limits.memory_limit) if limits.memory_limit > 0 else "max"
    if limits.cpuset_cpus:
        files["cpuset.cpus"] = limits.cpuset_cpus
    if limits.cpuset_mems:
        files["cpuset.mems"] = limits.cpuset_mems
    files |= {f"hugetlb.{size}.max": str(limit) for size, limit in limits.hugepage_limits.items()}
    return {**files, **limits.unified}


def weight(shares: int) -> int:
    """v1 shares (2 to 262144) as v2 weight (1 to 10000), the way runc 1.1 maps them."""
    shares = min(max(shares, SHARES_MIN), SHARES_MAX)
    return 1 + (shares - SHARES_MIN) * 9999 // (SHARES_MAX - SHARES_MIN)


def _lineage(mountpoint: str, path: str) -> Iterator[str]:
    """The folders from the first part of the path down."""
    folder = mountpoint
    for name in path.strip("/").split("/"):
        folder = f"{folder}/{name}"
        yield folder


def _delegate(folder: str, controllers: tuple[str, ...]) -> None:
    """Let children of a v2 cgroup have its controllers, each as far as the kernel agrees."""
    for controller in controllers:
        with contextlib.suppress(OSError):
            _write(f"{folder}/cgroup.subtree_control", f"+{controller}")


def _inherit_cpuset(folder: str) -> None:
    """A new v1 cpuset is empty, and takes no process until it is filled."""
    for name in ("cpuset.cpus", "cpuset.mems"):
        if not _read(f"{folder}/{name}").strip():
            _write(f"{folder}/{name}", _read(f"{os.path.dirname(folder)}/{name}").strip())


def _write(path: str, value: str) -> None:
    try:
        with open(path, "w") as file:
            file.write(value)
    except OSError as error:
        if error.errno != errno.ENOENT:  # a controller without that file, such as cpu without CFS quotas
            raise OSError(error.errno, f"{error.strerror} (writing {value!r})", path) from error


def _read(path: str) -> str:
    try:
        with open(path) as file:
            return file.read()
    except OSError:
        return ""
