"""HostPorts: what the CNI plug-in portmap leaves among the host's NAT rules when its last port is gone.

Its chains are shared by all who use the plug-in on the host: they go only when they lead to no port.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path

from wherry.network.forwarding import iptables, tools
from wherry.network.proxy.nft import Nft, NftError

CHAINS = "CNI-HOSTPORT-"
PORTS = f"{CHAINS}DNAT"
TABLES = {"iptables": "ip nat", "ip6tables": "ip6 nat"}


def leftovers(listing: str) -> Iterator[tuple[str, ...]]:
    """Arguments for `iptables -t nat` that remove the chains, given its `-S`; none while a port is served."""
    rules = [shlex.split(line) for line in listing.splitlines()]
    if any(rule[:2] == ["-A", PORTS] for rule in rules):
        return
    chains = [rule[1] for rule in rules if rule[0] == "-N" and rule[1].startswith(CHAINS)]
    for rule in rules:
        if rule[0] == "-A" and rule[1] not in chains and rule[-1] in chains:
            yield ("-D", *rule[1:])
    for chain in chains:
        yield ("-F", chain)
    for chain in chains:
        yield ("-X", chain)


def is_bare(listing: str) -> bool:
    """Whether a table does nothing: it has its own chains, which accept, and nothing in them."""
    lines = listing.splitlines()
    return bool(lines) and all(line.startswith("-P ") and line.endswith(" ACCEPT") for line in lines)


async def withdraw(nft: Nft) -> None:
    removed = False
    for tool in tools(ipv6=True):
        for arguments in leftovers(await iptables(tool, "-t", "nat", "-S")):
            await iptables(tool, "-t", "nat", *arguments)
            removed = True
    if not removed:
        return
    # The plug-in's own calls made the tables, if nobody else has anything in them.
    for tool in tools(ipv6=True):
        if is_bare(await iptables(tool, "-t", "nat", "-S")):
            try:
                await nft.run(f"delete table {TABLES[Path(tool).name]}\n")
            except NftError:
                continue  # this host's iptables keeps its tables elsewhere
