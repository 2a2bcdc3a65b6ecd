"""Sysctls: kernel settings that the pod network needs, and what they were before."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from wherry.network.errors import NetworkError

PROC = Path("/proc/sys")


def wanted(bridge: str, *, ipv6: bool) -> dict[str, str]:
    """What has to be set, by path below /proc/sys."""
    settings = {
        "net/ipv4/ip_forward": "1",
        # Replies between two pods of one bridge must pass the rules that rewrote the requests.
        "net/bridge/bridge-nf-call-iptables": "1",
        # Node ports on 127.0.0.1: replies come back over the bridge. A rule keeps pods out.
        f"net/ipv4/conf/{bridge}/route_localnet": "1",
    }
    if ipv6:
        settings["net/ipv6/conf/all/forwarding"] = "1"
        settings["net/bridge/bridge-nf-call-ip6tables"] = "1"
    return settings


def has_bridge_netfilter(proc: Path = PROC) -> bool:
    return (proc / "net/bridge/bridge-nf-call-iptables").exists()


def apply(settings: Mapping[str, str], memory: Path, proc: Path = PROC) -> None:
    """Set what is not set yet, and write down what it was; what this kernel does not have is left out."""
    known = _read(memory)
    for name, value in settings.items():
        path = proc / name
        if not path.exists():
            continue
        old = path.read_text().strip()
        if old != value:
            known.setdefault(name, (old, value))
            _remember(memory, known)  # first: whatever happens next, it can be undone
            _write(path, value)


def restore(memory: Path, proc: Path = PROC) -> None:
    """Set back what still is as we left it."""
    for name, (old, ours) in _read(memory).items():
        path = proc / name
        if path.exists() and path.read_text().strip() == ours:
            _write(path, old)
    memory.unlink(missing_ok=True)


def keep_router_advertisements(devices: Iterable[str], proc: Path = PROC) -> dict[str, str]:
    """Settings by which a host that begins to forward IPv6 still takes its own route from its router."""
    found: dict[str, str] = {}
    for device in devices:
        path = proc / f"net/ipv6/conf/{device}/accept_ra"
        if path.exists() and path.read_text().strip() == "1":
            found[f"net/ipv6/conf/{device}/accept_ra"] = "2"
    return found


def _write(path: Path, value: str) -> None:
    try:
        path.write_text(value)
    except OSError as error:
        raise NetworkError(
            f"the kernel setting {path} could not be set to {value}: {error.strerror}; it needs root, "
            "and /proc/sys must be writable"
        ) from None


def _read(memory: Path) -> dict[str, tuple[str, str]]:
    """What settings were, and what we made of them."""
    try:
        found: dict[str, tuple[str, str]] = json.loads(memory.read_text())
    except FileNotFoundError:
        return {}
    return found


def _remember(memory: Path, known: Mapping[str, tuple[str, str]]) -> None:
    memory.parent.mkdir(parents=True, exist_ok=True)
    fresh = memory.with_suffix(".new")
    fresh.write_text(json.dumps(known))
    fresh.replace(memory)
