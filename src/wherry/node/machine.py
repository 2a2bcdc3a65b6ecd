"""Machine: what this host is and has, read from the kernel once."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from pathlib import Path

from wherry.node.runtimes.interface import Value

ARCHITECTURES: Mapping[str, str] = {"x86_64": "amd64", "aarch64": "arm64", "armv7l": "arm"}


class Facts(Value):
    """Identity and capacity of the host."""

    cpus: int = 1
    memory: int = 1 << 30  # bytes
    swap: int = 0
    storage: int = 1 << 30  # bytes of the file system that holds the data folder
    architecture: str = "amd64"
    kernel: str = ""
    os_image: str = ""
    machine_id: str = ""
    system_uuid: str = ""
    boot_id: str = ""
    hugepages: Mapping[str, int] = {}  # "2Mi" to bytes


def detect(data_folder: Path) -> Facts:
    info = memory_info(_read("/proc/meminfo"))
    space = os.statvfs(_existing(data_folder))
    machine_id = _read("/etc/machine-id") or _read("/var/lib/dbus/machine-id")
    return Facts(
        cpus=len(os.sched_getaffinity(0)),
        memory=info.get("MemTotal", 0),
        swap=info.get("SwapTotal", 0),
        storage=space.f_blocks * space.f_frsize,
        architecture=ARCHITECTURES.get(platform.machine(), platform.machine()),
        kernel=platform.release(),
        os_image=os_name(_read("/etc/os-release")),
        machine_id=machine_id,
        system_uuid=_read("/sys/class/dmi/id/product_uuid") or machine_id,
        boot_id=_read("/proc/sys/kernel/random/boot_id"),
        hugepages=_hugepages(),
    )


def memory_info(text: str) -> dict[str, int]:
    """/proc/meminfo, in bytes."""
    found: dict[str, int] = {}
    for line in text.splitlines():
        name, _, rest = line.partition(":")
        words = rest.split()
        if words and words[0].isdigit():
            found[name] = int(words[0]) * (1024 if len(words) > 1 else 1)
    return found


def os_name(release: str) -> str:
    for line in release.splitlines():
        if line.startswith("PRETTY_NAME="):
            return line.partition("=")[2].strip('"')
    return "Linux"


def _hugepages() -> dict[str, int]:
    found: dict[str, int] = {}
    root = Path("/sys/kernel/mm/hugepages")
    for folder in root.glob("hugepages-*kB") if root.is_dir() else ():
        size = int(folder.name.removeprefix("hugepages-").removesuffix("kB")) * 1024
        count = int(_read(str(folder / "nr_hugepages")) or 0)
        name = f"{size >> 30}Gi" if size >= 1 << 30 else f"{size >> 20}Mi"
        found[name] = size * count
    return found


def _existing(path: Path) -> Path:
    while not path.exists():
        path = path.parent
    return path


def _read(path: str) -> str:
    try:
        return Path(path).read_text().strip()
    except OSError:
        return ""
