"""Pods: the pod network of one node: a bridge, CNI's configuration, masquerading, and how it all goes away.

network = PodNetwork("wherry", pods=("10.42.0.0/24",), cluster=ranges, folder=state, cni=cni_folder)
await up(network)          # again and again if you like
await down(network)        # nothing is left
"""

from __future__ import annotations

import asyncio
import json
import logging
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path
from typing import Any
from zlib import crc32

from wherry.network import forwarding, hostports, links, sysctls
from wherry.network.errors import NetworkError
from wherry.network.proxy import script
from wherry.network.proxy.model import FAMILIES, Ranges, family_of
from wherry.network.proxy.nft import Nft

log = logging.getLogger(__name__)

LONGEST_NAME = 15  # characters of a network device's name
PLUGINS = ("bridge", "host-local", "portmap", "loopback")
CNI_VERSION = "1.0.0"
MULTICAST = {"4": "224.0.0.0/4", "6": "ff00::/8"}
IP = {"4": "ip", "6": "ip6"}


@dataclass(frozen=True)
class PodNetwork:
    """What a node's pod network is made of."""

    name: str
    """The cluster's: `wherry`, or `wherry-NAME` if there are several."""
    pods: tuple[str, ...]
    """This node's share of the cluster's pod addresses, one range for each family: spec.podCIDRs."""
    cluster: Ranges
    folder: Path
    """For addresses given to pods, and for what the kernel's settings were before."""
    cni: Path
    """The folder in which the runtime looks for CNI's configuration."""
    mtu: int = 0
    """0: as the kernel chooses."""

    @property
    def bridge(self) -> str:
        return bridge_name(self.name)

    @property
    def table(self) -> str:
        return f"{self.name}-pods"

    @property
    def conflist(self) -> Path:
        return self.cni / f"10-{self.name}.conflist"

    @property
    def leases(self) -> Path:
        return self.folder / "leases"

    @property
    def memory(self) -> Path:
        return self.folder / "sysctls.json"

    @property
    def ipv6(self) -> bool:
        return any(family_of(each) == "6" for each in self.pods)

    @property
    def gateways(self) -> tuple[str, ...]:
        """The bridge's addresses, with their prefixes: the first of each range."""
        ranges = [ip_network(each) for each in self.pods]
        return tuple(f"{each.network_address + 1}/{each.prefixlen}" for each in ranges)


def bridge_name(cluster: str) -> str:
    """`wherry0`, or what fits of a longer name, told apart by a number."""
    name = f"{cluster}0"
    if len(name) <= LONGEST_NAME:
        return name
    return f"{cluster[: LONGEST_NAME - 8]}{crc32(cluster.encode()):08x}"


def conflist(network: PodNetwork) -> dict[str, Any]:
    """CNI's configuration. It leaves masquerading to us: its own would hide pods from other nodes."""
    bridge: dict[str, Any] = {
        "type": "bridge",
        "bridge": network.bridge,
        "isGateway": True,
        "ipMasq": False,
        "hairpinMode": True,
        "ipam": {
            "type": "host-local",
            "dataDir": str(network.leases),
            "ranges": [[{"subnet": each}] for each in network.pods],
            "routes": [{"dst": "::/0" if family_of(each) == "6" else "0.0.0.0/0"} for each in network.pods],
        },
    }
    if network.mtu:
        bridge["mtu"] = network.mtu
    ports = {"type": "portmap", "capabilities": {"portMappings": True}, "snat": True}
    return {"cniVersion": CNI_VERSION, "name": network.name, "plugins": [bridge, ports]}


def rules(network: PodNetwork, *, bridge_netfilter: bool) -> str:
    """The table of the pod network, whether it was there or not."""
    hooks = {
        "prerouting": "type filter hook prerouting priority -300; policy accept;",
        "postrouting": "type nat hook postrouting priority 100; policy accept;",
    }
    table = f"inet {network.table}"
    lines = [script.remove(network.table).rstrip(), f"add table {table}"]
    lines += [f"add chain {table} {name} {{ {hook} }}" for name, hook in hooks.items()]
    # The bridge takes packets for 127.0.0.1, for node ports: replies, but nothing that pods begin.
    lines.append(f"add rule {table} prerouting iifname {network.bridge} ip daddr 127.0.0.0/8 drop")
    for family in FAMILIES:
        ip = IP[family]
        if own := _of_family(network.pods, family):
            if not bridge_netfilter:
                # Replies within the bridge would pass by: let them come back through the node.
                lines.append(
                    f"add rule {table} postrouting ct status dnat {ip} saddr {own} {ip} daddr {own} "
                    "masquerade fully-random"
                )
            everywhere = _of_family(network.cluster.pods, family) or own
            lines.append(
                f"add rule {table} postrouting {ip} saddr {own} {ip} daddr != {everywhere} "
                f"{ip} daddr != {MULTICAST[family]} oifname != lo masquerade fully-random"
            )
    return "\n".join(lines) + "\n"


def _of_family(ranges: Iterable[str], family: str) -> str:
    found = [each for each in ranges if family_of(each) == family]
    return f"{{ {', '.join(found)} }}" if found else ""


def check_plugins(folders: Iterable[Path]) -> Path:
    """The folder that has the CNI plugins, or NetworkError."""
    folders = tuple(folders)
    for folder in folders:
        if all((folder / plugin).exists() for plugin in PLUGINS):
            return folder
    searched = ", ".join(map(str, folders))
    raise NetworkError(
        f"the CNI plugins {', '.join(PLUGINS)} were not found in {searched}; install the package "
        "containernetworking-plugins"
    )


async def up(network: PodNetwork, nft: Nft | None = None) -> None:
    """Make the network, or what is missing of it. The configuration comes last: pods may start then."""
    nft = nft or Nft()
    bridge_netfilter = sysctls.has_bridge_netfilter() or await _load_bridge_netfilter()
    routes = network.cluster.services
    await asyncio.to_thread(links.ensure_bridge, network.bridge, network.gateways, routes, network.mtu)
    await asyncio.to_thread(_set_sysctls, network)
    await nft.run(rules(network, bridge_netfilter=bridge_netfilter))
    await forwarding.allow(network.bridge, ipv6=network.ipv6)
    _write_conflist(network)


async def down(network: PodNetwork, nft: Nft | None = None) -> None:
    """Remove the network from the node. No pod should be running any more."""
    nft = nft or Nft()
    network.conflist.unlink(missing_ok=True)
    await forwarding.withdraw(network.bridge)
    await hostports.withdraw(nft)
    await nft.run(script.remove(network.table))
    await asyncio.to_thread(links.remove_bridge, network.bridge)
    await asyncio.to_thread(sysctls.restore, network.memory)
    shutil.rmtree(network.leases, ignore_errors=True)


def _set_sysctls(network: PodNetwork) -> None:
    if network.ipv6:
        sysctls.apply(sysctls.keep_router_advertisements(links.default_devices()), network.memory)
    sysctls.apply(sysctls.wanted(network.bridge, ipv6=network.ipv6), network.memory)


async def _load_bridge_netfilter() -> bool:
    if (tool := shutil.which("modprobe")) is not None:
        process = await asyncio.create_subprocess_exec(
            tool, "-q", "br_netfilter", stderr=asyncio.subprocess.DEVNULL
        )
        await process.wait()
    if found := sysctls.has_bridge_netfilter():
        return found
    log.warning("The kernel has no br_netfilter: Services hide the addresses of pods on the same node.")
    return False


def _write_conflist(network: PodNetwork) -> None:
    """In one step, within its folder: runtimes read it as soon as it is there."""
    text = json.dumps(conflist(network), indent=2) + "\n"
    network.cni.mkdir(parents=True, exist_ok=True)
    if network.conflist.exists() and network.conflist.read_text() == text:
        return
    fresh = network.conflist.with_suffix(".new")
    fresh.write_text(text)
    fresh.replace(network.conflist)
