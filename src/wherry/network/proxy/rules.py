"""Rules: which map elements a Service's port takes, and which chains these elements lead to.

Chains are shared: there is one for each number of endpoints, not one for each Service. A verdict map
finds the chain by address, protocol and port; the chain throws a die with as many sides as there
are endpoints; another map finds the endpoint by address, protocol, port and the die's number.

    svc4    10.96.0.10 . tcp . 80              : goto vip-3
    be4     10.96.0.10 . tcp . 80 . 0x77000000 : 10.42.0.7 . 8080
    be4     10.96.0.10 . tcp . 80 . 0x77000001 : 10.42.0.8 . 8080 ...

Maps come in pairs, for IPv4 and IPv6, and in two kinds: `vip`, found by address and port, and `port`,
for node ports, which are served on all addresses of the node and found by port alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_network
from typing import Literal
from zlib import crc32

from wherry.network.proxy.model import FAMILIES, Endpoint, Family, ServicePort, family_of, usable

Place = tuple[str, str]
"""A map or set, and a key in it."""

Elements = Mapping[Place, "str | Target"]
"""What stands at each place: the target of a verdict map, the text of data, "" in a set."""

Kind = Literal["vip", "port"]

FIRST = 0x77000000
"""Numbers of endpoints are packet marks for a moment. They begin here, where nobody else's marks are."""

MASQUERADE = 0x4000
"""The bit of a number that asks for masquerading."""

LOCAL = 0x8000
"""The bit of the numbers that stand for a Service's endpoints on this node alone."""

MOST = MASQUERADE
"""Endpoints of one port that are used at most."""

IP: Mapping[Family, str] = {"4": "ip", "6": "ip6"}
MAPS: Mapping[Kind, str] = {"vip": "", "port": "port-"}


@dataclass(frozen=True, slots=True)
class Target:
    """A chain that several Services may share: one for each combination of what follows."""

    kind: Kind
    count: int
    """Endpoints in the cluster."""
    outside: bool = False
    """Whether replies must come back through this node: the client does not know pod addresses."""
    local: int | None = None
    """For the external policy Local: how many of the endpoints are on this node."""
    affinity: int = 0

    @property
    def name(self) -> str:
        parts: list[str] = [self.kind, str(self.count)]
        if self.outside:
            parts.append("outside")
        if self.local is not None:
            parts += ["local", str(self.local)]
        if self.affinity:
            parts.append(f"{self.affinity}s")
        return "-".join(parts)

    @property
    def needs(self) -> tuple[Target, ...]:
        """The chains that this one goes to."""
        if self.local is None:
            return ()
        return (replace(self, local=None), replace(self, local=None, outside=True))


def elements(service: ServicePort) -> dict[Place, str | Target]:
    """All that one port of a Service adds to the maps."""
    found: dict[Place, str | Target] = {}
    for family in FAMILIES:
        cluster_ips = [address for address in service.cluster_ips if family_of(address) == family]
        if cluster_ips:
            found.update(_of_family(service, family, cluster_ips))
    return found


def _of_family(
    service: ServicePort, family: Family, cluster_ips: Sequence[str]
) -> Iterator[tuple[Place, str | Target]]:
    known = [each for each in service.endpoints if family_of(each.address) == family]
    anywhere = usable([each for each in known if each.near])[:MOST]
    here = usable([each for each in known if each.local])[:MOST]
    protocol = service.protocol.lower()
    inside = here if service.internal_local else anywhere
    for address in cluster_ips:
        key = f"{address} . {protocol} . {service.port}"
        yield from _inside(service, family, key, inside, reject=not anywhere)
    external = [each for each in service.external_ips if family_of(each) == family]
    balanced = [each for each in service.load_balancer_ips if family_of(each) == family]
    for address in dict.fromkeys(external + balanced):
        key = f"{address} . {protocol} . {service.port}"
        yield from _outside(service, family, "vip", key, anywhere, here)
    for address in balanced if service.source_ranges else ():
        yield from _guard(service, family, f"{address} . {protocol} . {service.port}")
    if service.node_port:
        key = f"{protocol} . {service.node_port}"
        yield from _outside(service, family, "port", key, anywhere, here)
    for each in {*anywhere, *here}:
        if each.local is not False:
            yield (f"hairpin{family}", f"{each.address} . {each.address}"), ""


def _inside(
    service: ServicePort, family: Family, key: str, inside: Sequence[Endpoint], *, reject: bool
) -> Iterator[tuple[Place, str | Target]]:
    if inside:
        yield (f"svc{family}", key), Target("vip", len(inside), affinity=service.affinity)
        yield from _backends(service, family, "vip", key, inside)
    else:
        yield (f"svc{family}", key), "goto refuse" if reject else "drop"


def _outside(
    service: ServicePort,
    family: Family,
    kind: Kind,
    key: str,
    anywhere: Sequence[Endpoint],
    here: Sequence[Endpoint],
) -> Iterator[tuple[Place, str | Target]]:
    entry = (f"{MAPS[kind]}svc{family}", key)
    if not anywhere:
        yield entry, "goto refuse"
        return
    yield from _backends(service, family, kind, key, anywhere, bits=MASQUERADE)
    if service.external_local:
        yield entry, Target(kind, len(anywhere), local=len(here), affinity=service.affinity)
        yield from _backends(service, family, kind, key, anywhere)
        yield from _backends(service, family, kind, key, here, bits=LOCAL)
    else:
        yield entry, Target(kind, len(anywhere), outside=True, affinity=service.affinity)


def _backends(
    service: ServicePort, family: Family, kind: Kind, key: str, endpoints: Sequence[Endpoint], bits: int = 0
) -> Iterator[tuple[Place, str]]:
    ordered = sorted(f"{each.address} . {each.port}" for each in endpoints)
    prefix = MAPS[kind]
    if not service.affinity:
        for number, data in enumerate(ordered, FIRST | bits):
            yield (f"{prefix}be{family}", f"{key} . {number:#x}"), data
        return
    identities = identify(ordered)
    for number, data in enumerate(ordered, FIRST | bits):
        identity = identities[data] | (bits & MASQUERADE)
        yield (f"{prefix}ids{family}", f"{key} . {number:#x}"), f"{identity:#x}"
        yield (f"{prefix}be{family}", f"{key} . {identity:#x}"), data


def identify(endpoints: Sequence[str]) -> dict[str, int]:
    """A number for each endpoint that stays the same while others come and go.

    They lie apart from those that dies show, and have the bit free that asks for masquerading.
    """
    taken: dict[int, str] = {}
    for endpoint in endpoints:
        attempt = 0
        while (identity := _identity(endpoint, attempt)) in taken:
            attempt += 1
        taken[identity] = endpoint
    return {endpoint: identity for identity, endpoint in taken.items()}


def _identity(endpoint: str, attempt: int) -> int:
    number = crc32(f"{endpoint} {attempt}".encode()) & 0xFFFFFF & ~MASQUERADE
    return FIRST | 0x10000 | number


def _guard(service: ServicePort, family: Family, key: str) -> Iterator[tuple[Place, str]]:
    yield (f"guarded{family}", key), ""
    for network in _networks(service.source_ranges, family):
        yield (f"allowed{family}", f"{key} . {network}"), ""


def _networks(ranges: Iterable[str], family: Family) -> Iterator[IPv4Network | IPv6Network]:
    found = [ip_network(each, strict=False) for each in ranges if family_of(each) == family]
    if family == "4":
        yield from collapse_addresses(each for each in found if isinstance(each, IPv4Network))
    else:
        yield from collapse_addresses(each for each in found if isinstance(each, IPv6Network))


def chain(target: Target) -> tuple[str, ...]:
    """The rules of a chain."""
    if target.local is None:
        return _picks(target, target.count, MASQUERADE if target.outside else 0)
    pods, host = (each.name for each in target.needs)
    return (
        f"ip saddr @pods4 goto {pods}",
        f"ip6 saddr @pods6 goto {pods}",
        f"fib saddr type local goto {host}",
        *(_picks(target, target.local, LOCAL) if target.local else ("drop",)),
    )


def _picks(target: Target, count: int, bits: int) -> tuple[str, ...]:
    first = FIRST | bits
    throw = f"meta mark set numgen random mod {count} offset {first:#x}"
    # A packet that finds no endpoint met the rules as they changed: its sender tries again.
    if not target.affinity:
        return (throw, *(f"meta nfproto ipv{family} {_go(target, family)}" for family in FAMILIES), "drop")
    return (*_recall(target, range(first, first + count)), throw, *_keep(target), "drop")


def _key(target: Target, family: Family) -> str:
    return (f"{IP[family]} daddr . " if target.kind == "vip" else "") + "meta l4proto . th dport"


def _go(target: Target, family: Family) -> str:
    return f"dnat {IP[family]} to {_key(target, family)} . meta mark map @{MAPS[target.kind]}be{family}"


def _know(target: Target, family: Family) -> str:
    key = _key(target, family)
    return f"meta nfproto ipv{family} meta mark set {key} . meta mark map @{MAPS[target.kind]}ids{family}"


def _remember(target: Target, family: Family) -> tuple[str, str, str]:
    """Whom affinity is kept for, where, and what (re)starts its time."""
    client = f"{IP[family]} saddr . {_key(target, family)} . meta mark"
    clients = f"@{MAPS[target.kind]}clients{family}"
    return client, clients, f"update {clients} {{ {client} timeout {target.affinity}s }}"


def _recall(target: Target, numbers: Iterable[int]) -> Iterator[str]:
    """Affinity: is the client known at any of the endpoints? By names that outlive their numbers."""
    for number in numbers:
        for family in FAMILIES:
            client, clients, again = _remember(target, family)
            yield f"meta mark set {number:#x}"
            yield _know(target, family)
            yield f"{client} {clients} {again} {_go(target, family)}"


def _keep(target: Target) -> Iterator[str]:
    for family in FAMILIES:
        yield _know(target, family)
        yield f"meta nfproto ipv{family} {_remember(target, family)[2]}"
        yield f"meta nfproto ipv{family} {_go(target, family)}"
