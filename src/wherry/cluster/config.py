"""Config: what a cluster is told: defaults, what is kept, a YAML file, the environment, flags; the last wins.

What `up` decided is kept in `<data-dir>/config.yaml`: a second `up` finds the same cluster.
"""

from __future__ import annotations

import dataclasses
import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_network
from pathlib import Path
from typing import Any
from zlib import crc32

DEFAULT_NAME = "wherry"
API_PORT = 6443
AGENT_PORT = 10250
NEIGHBOURS = 40  # sets of ports and ranges that names are spread over


class ConfigError(Exception):
    """What cannot be used, where it stands, and what would do."""


def state_folder() -> Path:
    """Where clusters live unless told otherwise: of the system for root, of the user for everybody else."""
    if os.geteuid() == 0:
        return Path("/var/lib/wherry")
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local/state") / "wherry"


@dataclass(frozen=True, slots=True)
class Config:
    """One cluster on this machine."""

    name: str = DEFAULT_NAME
    data_dir: Path = field(default_factory=lambda: state_folder() / DEFAULT_NAME)
    host: str = "0.0.0.0"
    port: int = API_PORT
    agent_port: int = AGENT_PORT
    node_name: str = ""
    node_ip: str = ""
    service_cidr: str = "10.96.0.0/16"
    cluster_cidr: str = "10.244.0.0/16"
    store: str = "sqlite"
    containerd: str = ""  # socket of a containerd to use; empty: an own one

    @property
    def context(self) -> str:
        """The context in the user's kubeconfig."""
        return DEFAULT_NAME if self.name == DEFAULT_NAME else f"wherry-{self.name}"

    @property
    def pki(self) -> Path:
        return self.data_dir / "pki"

    @property
    def logs(self) -> Path:
        return self.data_dir / "logs"

    @property
    def run(self) -> Path:
        return self.data_dir / "run"

    @property
    def kubeconfig(self) -> Path:
        return self.data_dir / "kubeconfig"

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}"


def load(flags: Mapping[str, Any], *, file: Path | None = None) -> Config:
    """The configuration that flags, file and an earlier `up` make. ConfigError where it makes no sense."""
    given: dict[str, Any] = {}
    if file is not None:
        given |= _read(file)
    given |= _environment()
    given |= {name: value for name, value in flags.items() if value is not None}
    name = given.get("name") or DEFAULT_NAME
    if not (name.isascii() and name.replace("-", "").isalnum()) or len(name) > 32:
        raise ConfigError(f"a cluster cannot be named {name!r}: use letters, digits and dashes, at most 32")
    data_dir = Path(given.get("data_dir") or state_folder() / name).absolute()
    kept = data_dir / "config.yaml"
    if kept.exists():
        given = {**_read(kept), **given}
    given = {**apart(name), **given, "name": name, "data_dir": data_dir}
    config = Config(**given)
    _check(config)
    return config


def apart(name: str) -> dict[str, Any]:
    """Ports and ranges of a cluster with a name of its own, so that it can run beside the others.

    They follow from the name: the same each time, without asking who else is there.
    """
    if name == DEFAULT_NAME:
        return {}
    number = 1 + crc32(name.encode()) % NEIGHBOURS
    return {
        "port": API_PORT + number,
        "agent_port": AGENT_PORT + number,
        "cluster_cidr": f"10.{200 + number}.0.0/16",
        "service_cidr": f"10.{50 + number}.0.0/16",
    }


def _check(config: Config) -> None:
    for field_name in ("port", "agent_port"):
        port = getattr(config, field_name)
        if not 0 < port < 65536:
            raise ConfigError(f"{field_name}: {port} is no port: choose one from 1 to 65535")
    for field_name in ("service_cidr", "cluster_cidr"):
        try:
            ip_network(getattr(config, field_name))
        except ValueError as error:
            raise ConfigError(f"{field_name}: {error}: write it like 10.96.0.0/16") from None
    services, pods = ip_network(config.service_cidr), ip_network(config.cluster_cidr)
    if services.overlaps(pods):
        raise ConfigError(
            f"service_cidr and cluster_cidr overlap: {services} and {pods}; set one of them apart"
        )
    if config.store not in ("sqlite", "memory"):
        raise ConfigError(f"store: {config.store!r} is not known: use sqlite or memory")


def _read(file: Path) -> dict[str, Any]:
    import yaml

    try:
        found = yaml.safe_load(file.read_text()) or {}
    except OSError as error:
        raise ConfigError(f"{file} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{file} is not text: name a YAML file") from None
    except yaml.YAMLError as error:
        raise ConfigError(f"{file} is not YAML: {' '.join(str(error).split())}") from None
    if not isinstance(found, dict):
        raise ConfigError(f"{file} is not a map of settings")
    known = {each.name for each in dataclasses.fields(Config)}
    unknown = sorted(set(found) - known)
    if unknown:
        raise ConfigError(f"{file}: unknown setting {unknown[0]!r}; known are {', '.join(sorted(known))}")
    return {name: _typed(file, name, value) for name, value in found.items() if value is not None}


def _typed(file: Path, name: str, value: Any) -> Any:
    if name in ("port", "agent_port"):
        if not isinstance(value, int) or isinstance(value, bool):
            raise ConfigError(f"{file}: {name} must be a number, not {value!r}")
        return value
    return Path(value) if name == "data_dir" else str(value)


def _environment() -> dict[str, Any]:
    found: dict[str, Any] = {}
    for each in dataclasses.fields(Config):
        text = os.environ.get(f"WHERRY_{each.name.upper()}")
        if text:
            if each.name.endswith("port") and not text.isdecimal():
                raise ConfigError(f"WHERRY_{each.name.upper()}={text!r} is not a number")
            found[each.name] = int(text) if each.name.endswith("port") else text
    return found


def keep(config: Config) -> None:
    """Remember the configuration for the next `up`."""
    import yaml

    settings = dataclasses.asdict(config)
    settings["data_dir"] = str(config.data_dir)
    text = yaml.safe_dump(settings, sort_keys=False)
    file = config.data_dir / "config.yaml"
    config.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    if file.exists() and file.read_text() == text:
        return
    temporary = config.data_dir / "config.yaml.new"
    temporary.write_text(text)
    temporary.replace(file)


def settled(config: Config) -> Config:
    """The configuration with what was left open decided: name and address of this node."""
    changes: dict[str, Any] = {}
    if not config.node_name:
        changes["node_name"] = socket.gethostname().lower().replace("_", "-") or "node"
    if not config.node_ip:
        changes["node_ip"] = own_address()
    return dataclasses.replace(config, **changes)


def own_address() -> str:
    """The address from which this machine would speak to others; no packet is sent to find out."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
            return str(probe.getsockname()[0])
        except OSError:
            return "127.0.0.1"
