"""Ranges: which address ranges this machine has routes for already. Two clusters cannot share one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from ipaddress import IPv4Network, ip_network
from pathlib import Path
from typing import NamedTuple

ROUTES = Path("/proc/net/route")


class Overlap(NamedTuple):
    """A range that a cluster is to have, and the route that leads elsewhere."""

    wanted: str
    route: str
    device: str


def overlaps(wanted: Iterable[str], table: str) -> Iterator[Overlap]:
    """Routes into the wanted ranges. A route to more than a range does no harm: the narrower one counts.

    `table` is the kernel's: a line each route, addresses as little-endian hexadecimal numbers.
    """
    routes = list(_routes(table))
    for text in wanted:
        network = ip_network(text)
        for device, route in routes:
            if isinstance(network, IPv4Network) and route.subnet_of(network):
                yield Overlap(text, str(route), device)


def _routes(table: str) -> Iterator[tuple[str, IPv4Network]]:
    """The default route aside: everything lies behind it."""
    for line in table.splitlines()[1:]:
        fields = line.split()
        network = IPv4Network((_little_endian(fields[1]), _little_endian(fields[7]).bit_count()))
        if network.prefixlen:
            yield fields[0], network


def _little_endian(number: str) -> int:
    return int.from_bytes(bytes.fromhex(number), "little")
