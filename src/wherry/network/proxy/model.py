"""Model: what the proxy knows of a Service's port and its endpoints, whatever it was told by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Family = Literal["4", "6"]
FAMILIES: tuple[Family, ...] = ("4", "6")

Owner = tuple[str, str, str, str, str]
"""Creation time, namespace, name, protocol and port: of two that claim one address, the smaller has it."""


def family_of(address: str) -> Family:
    return "6" if ":" in address else "4"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One address behind a port."""

    address: str
    port: int
    ready: bool = True
    serving: bool = True
    terminating: bool = False
    local: bool | None = False
    """Whether it is on this node; None: nobody said where it is."""
    near: bool = True
    """Whether traffic from this node is meant for it; False: others are nearer."""


@dataclass(frozen=True, slots=True)
class ServicePort:
    """One port of one Service, with all the addresses at which it is to be found."""

    namespace: str
    name: str
    port: int
    protocol: str = "TCP"
    created: str = ""
    cluster_ips: tuple[str, ...] = ()
    external_ips: tuple[str, ...] = ()
    load_balancer_ips: tuple[str, ...] = ()
    source_ranges: tuple[str, ...] = ()
    """From where load balancer addresses may be used; (): from everywhere."""
    node_port: int = 0
    affinity: int = 0
    """Seconds for which a client stays with its endpoint; 0: no affinity."""
    internal_local: bool = False
    external_local: bool = False
    endpoints: tuple[Endpoint, ...] = ()

    @property
    def owner(self) -> Owner:
        return (self.created, self.namespace, self.name, self.protocol, str(self.port))


@dataclass(frozen=True, slots=True)
class Ranges:
    """The cluster's addresses, as CIDRs of either family."""

    pods: tuple[str, ...]
    services: tuple[str, ...]


def usable(endpoints: Sequence[Endpoint]) -> tuple[Endpoint, ...]:
    """Where new connections go: to what is ready, else to what ends but still serves; each once."""
    ready = [each for each in endpoints if each.ready]
    chosen = ready or [each for each in endpoints if each.serving and each.terminating]
    return tuple({(each.address, each.port): each for each in chosen}.values())
