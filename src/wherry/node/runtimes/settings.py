"""containerd settings: the configuration of a containerd of our own, from what is true of the host."""

from __future__ import annotations

import os

from wherry.node.runtimes.interface import Value

CAP_SYS_RESOURCE = 24
OVERLAYS = ("overlay", "aufs", "fuse-overlayfs")  # overlayfs cannot be laid over these

CNI_FOLDERS = ("/opt/cni/bin", "/usr/lib/cni", "/usr/libexec/cni")


class Host(Value):
    """What containerd must know of the machine, and cannot find out by itself."""

    lowers_oom_score: bool = True  # root may make processes less likely to be killed
    systemd: bool = True
    apparmor: bool = True
    overlayfs: bool = True  # images can be layers over the folder given


class Settings(Value):
    """Where our containerd lives and what it uses. `folder` holds everything that it writes."""

    folder: str
    cni_conf_dir: str
    sandbox_image: str
    cni_bin_dir: str = ""  # empty: the first of CNI_FOLDERS with a `bridge` in it
    registries: str = ""  # folder of hosts.toml files by registry; empty: <folder>/certs.d
    binary: str = "containerd"

    @property
    def root(self) -> str:
        return f"{self.folder}/root"

    @property
    def state(self) -> str:
        return f"{self.folder}/state"

    @property
    def socket(self) -> str:
        return f"{self.folder}/containerd.sock"

    @property
    def pipes(self) -> str:
        return f"{self.folder}/pipes"

    @property
    def config(self) -> str:
        return f"{self.folder}/config.toml"

    @property
    def log(self) -> str:
        return f"{self.folder}/containerd.log"

    @property
    def pid_file(self) -> str:
        return f"{self.folder}/containerd.pid"

    @property
    def certs(self) -> str:
        return self.registries or f"{self.folder}/certs.d"


def config_text(settings: Settings, host: Host) -> str:
    """config.toml of version 2: containerd 1.6 and 1.7 read it, 2.x converts it when it starts."""
    cri = '[plugins."io.containerd.grpc.v1.cri"'
    tables: dict[str, dict[str, str | bool]] = {
        "": {"root": settings.root, "state": settings.state},
        "[grpc]": {"address": settings.socket},
        "[ttrpc]": {"address": f"{settings.socket}.ttrpc"},
        '[plugins."io.containerd.internal.v1.opt"]': {"path": f"{settings.folder}/opt"},
        f"{cri}]": {
            "sandbox_image": settings.sandbox_image,
            "restrict_oom_score_adj": not host.lowers_oom_score,
            "disable_apparmor": not host.apparmor,
            "netns_mounts_under_state_dir": True,
            "enable_unprivileged_ports": True,
            "enable_unprivileged_icmp": True,
        },
        f"{cri}.cni]": {
            "bin_dir": settings.cni_bin_dir or cni_folder(),
            "conf_dir": settings.cni_conf_dir,
        },
        f"{cri}.registry]": {"config_path": settings.certs},
        f"{cri}.containerd]": {"snapshotter": "overlayfs" if host.overlayfs else "native"},
        f"{cri}.containerd.runtimes.runc]": {"runtime_type": "io.containerd.runc.v2"},
        f"{cri}.containerd.runtimes.runc.options]": {"SystemdCgroup": host.systemd},
    }
    lines = ["version = 2"]
    for title, pairs in tables.items():
        lines += [title] if title else []
        lines += [f"{name} = {_toml(value)}" for name, value in pairs.items()]
    return "\n".join(lines) + "\n"


def _toml(value: str | bool) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def cni_folder() -> str:
    """The folder where the CNI plugins are, as distributions place them."""
    return next((path for path in CNI_FOLDERS if os.path.exists(f"{path}/bridge")), CNI_FOLDERS[0])


def detect(folder: str) -> Host:
    """What is true of this host, for a containerd that writes below `folder`."""
    return Host(
        lowers_oom_score=has_capability(_read("/proc/self/status"), CAP_SYS_RESOURCE),
        systemd=os.path.isdir("/run/systemd/system"),
        apparmor=_read("/sys/module/apparmor/parameters/enabled").startswith("Y")
        and any(os.path.exists(f"{path}/apparmor_parser") for path in ("/sbin", "/usr/sbin")),
        overlayfs=filesystem_of(folder, _read("/proc/self/mountinfo")) not in OVERLAYS,
    )


def has_capability(status: str, capability: int) -> bool:
    """From the text of /proc/PID/status."""
    for line in status.splitlines():
        if line.startswith("CapEff:"):
            return bool(int(line.split()[1], 16) >> capability & 1)
    return False


def filesystem_of(path: str, mountinfo: str) -> str:
    """The type of the file system that holds `path`, from the text of /proc/PID/mountinfo."""
    longest, kind = "", ""
    for line in mountinfo.splitlines():
        place, _, rest = line.partition(" - ")
        mountpoint = place.split()[4]
        inside = path == mountpoint or path.startswith(mountpoint.rstrip("/") + "/")
        if inside and len(mountpoint) >= len(longest):
            longest, kind = mountpoint, rest.split()[0]
    return kind


def _read(path: str) -> str:
    try:
        with open(path) as file:
            return file.read()
    except OSError:
        return ""
