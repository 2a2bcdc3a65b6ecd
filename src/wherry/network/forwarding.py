"""Forwarding: exceptions where the host's firewall drops what it forwards, as it does once Docker was there.

No rule of ours can accept what another table drops. So the exceptions go to the host's own chain, by
its own tool, marked with our name.
"""

from __future__ import annotations

import asyncio
import shlex
import shutil
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Iterator
from itertools import pairwise

DROPS = "-P FORWARD DROP"


def missing(listing: str, bridge: str) -> Iterator[tuple[str, ...]]:
    """Arguments for iptables, for each exception that `iptables -S FORWARD` does not show yet."""
    lines = listing.splitlines()
    if DROPS not in lines:
        return
    for direction in ("-i", "-o"):
        if not any(f"{direction} {bridge} " in line and "-j ACCEPT" in line for line in lines):
            comment = ("-m", "comment", "--comment", bridge)
            yield ("-I", "FORWARD", direction, bridge, *comment, "-j", "ACCEPT")


def ours(listing: str, bridge: str) -> Iterator[tuple[str, ...]]:
    """Arguments for iptables that remove our exceptions."""
    for line in listing.splitlines():
        words = shlex.split(line)
        if words[:2] == ["-A", "FORWARD"] and ["--comment", bridge] in map(list, pairwise(words)):
            yield ("-D", *words[1:])


async def allow(bridge: str, *, ipv6: bool) -> None:
    for tool in tools(ipv6=ipv6):
        for arguments in missing(await iptables(tool, "-S", "FORWARD"), bridge):
            await iptables(tool, *arguments)


async def withdraw(bridge: str) -> None:
    for tool in tools(ipv6=True):
        for arguments in ours(await iptables(tool, "-S", "FORWARD"), bridge):
            await iptables(tool, *arguments)


def tools(*, ipv6: bool) -> Iterator[str]:
    """Whoever made the host drop what it forwards has them installed."""
    for name in ("iptables", "ip6tables") if ipv6 else ("iptables",):
        if (found := shutil.which(name)) is not None:
            yield found


async def iptables(tool: str, *arguments: str) -> str:
    """What the tool prints; nothing where it does not do as it is asked."""
    process = await asyncio.create_subprocess_exec(tool, "-w", *arguments, stdout=PIPE, stderr=DEVNULL)
    output, _ = await process.communicate()
    return output.decode()
