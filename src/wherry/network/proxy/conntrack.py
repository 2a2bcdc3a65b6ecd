"""Conntrack: forget UDP flows that still go to endpoints that are gone.

The kernel rewrites all packets of a flow as it rewrote the first one. A TCP connection to what is
gone ends by itself; a UDP client that keeps its port would talk to nobody as long as it keeps talking.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from ipaddress import ip_address

from wherry.network.proxy.model import FAMILIES, Family, ServicePort

NETLINK_NETFILTER = 12
REQUEST, ACK, DUMP = 0x1, 0x4, 0x300  # NLM_F_*
GET, DELETE = 0x101, 0x102  # subsystem ctnetlink: IPCTNL_MSG_CT_GET, IPCTNL_MSG_CT_DELETE
ERROR, DONE = 2, 3  # NLMSG_*
TUPLE_ORIGINAL, TUPLE_REPLY, ZONE = 1, 2, 18  # CTA_*
ADDRESSES, PORTS = 1, 2  # CTA_TUPLE_IP, CTA_TUPLE_PROTO
SOURCES, DESTINATIONS = (1, 3), (2, 4)  # CTA_IP_V4_SRC, CTA_IP_V6_SRC; ..._DST
NUMBER, SOURCE_PORT, DESTINATION_PORT = 1, 2, 3  # CTA_PROTO_*
AF: Mapping[Family, int] = {"4": socket.AF_INET, "6": socket.AF_INET6}
RECEIVE = 1 << 18  # bytes
PATIENCE = 5.0  # seconds for the kernel's answer

Frontend = tuple[str, int]
"""Where clients send to: address and port; for a node port, "" and the port."""

Backend = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Flow:
    """What the kernel knows of a UDP flow."""

    frontend: Frontend
    backend: Backend
    """Who answers; the frontend itself if nothing was rewritten."""
    family: Family = "4"
    name: bytes = b""
    """The attributes by which the kernel knows it."""


def changed(
    pairs: Iterable[tuple[ServicePort | None, ServicePort | None]],
) -> dict[Frontend, frozenset[Backend]]:
    """Where UDP clients send to whose endpoints are others now, with those endpoints."""
    found: dict[Frontend, frozenset[Backend]] = {}
    for old, new in pairs:
        for each in (old, new):  # what is new has the last word
            if each is not None and each.protocol == "UDP":
                found.update(dict.fromkeys(_frontends(each), _backends(new)))
    return found


def _frontends(service: ServicePort) -> Iterator[Frontend]:
    for address in (*service.cluster_ips, *service.external_ips, *service.load_balancer_ips):
        yield address, service.port
    if service.node_port:
        yield "", service.node_port


def _backends(service: ServicePort | None) -> frozenset[Backend]:
    """Endpoints that flows may go on to use: those that end too, as long as they serve."""
    if service is None:
        return frozenset()
    return frozenset((each.address, each.port) for each in service.endpoints if each.ready or each.serving)


def stale(flows: Iterable[Flow], changed: Mapping[Frontend, frozenset[Backend]]) -> Iterator[Flow]:
    """Flows to frontends whose endpoints changed, and do not include the flow's."""
    for flow in flows:
        backends = changed.get(flow.frontend)
        if backends is None and flow.backend != flow.frontend:
            backends = changed.get(("", flow.frontend[1]))
        if backends is not None and flow.backend not in backends:
            yield flow


def forget(changed: Mapping[Frontend, frozenset[Backend]]) -> int:
    """Delete the stale flows of this network namespace. Returns how many there were. Blocks."""
    count = 0
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, NETLINK_NETFILTER) as kernel:
        kernel.settimeout(PATIENCE)
        kernel.bind((0, 0))
        for family in FAMILIES:
            for flow in tuple(stale(_flows(kernel, family), changed)):
                kernel.send(_message(DELETE, REQUEST | ACK, family, flow.name))
                for _ in _answers(kernel):  # gone by itself in the meantime: as good
                    pass
                count += 1
    return count


def _message(kind: int, flags: int, family: Family, body: bytes = b"") -> bytes:
    payload = struct.pack("=BBH", AF[family], 0, 0) + body
    return struct.pack("=IHHII", 16 + len(payload), kind, flags, 1, 0) + payload


def _answers(kernel: socket.socket) -> Iterator[bytes]:
    """Bodies of the messages up to the one that ends the answer."""
    while True:
        data = kernel.recv(RECEIVE)
        while len(data) >= 16:
            length, kind = struct.unpack_from("=IH", data)
            if kind in (ERROR, DONE):
                return
            yield data[20:length]
            data = data[(length + 3) & ~3 :]


def _flows(kernel: socket.socket, family: Family) -> Iterator[Flow]:
    kernel.send(_message(GET, REQUEST | DUMP, family))
    for body in tuple(_answers(kernel)):
        attributes = dict(_attributes(body))
        original = attributes.get(TUPLE_ORIGINAL)
        reply = attributes.get(TUPLE_REPLY)
        if original is None or reply is None:
            continue
        frontend, backend = _end(original, answering=False), _end(reply, answering=True)
        if frontend is not None and backend is not None:
            name = _attribute(TUPLE_ORIGINAL | 0x8000, original)
            if ZONE in attributes:
                name += _attribute(ZONE, attributes[ZONE])
            yield Flow(frontend, backend, family, name)


def _attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    while len(data) >= 4:
        length, kind = struct.unpack_from("=HH", data)
        yield kind & 0x3FFF, data[4:length]
        data = data[(length + 3) & ~3 :]


def _attribute(kind: int, body: bytes) -> bytes:
    return struct.pack("=HH", 4 + len(body), kind) + body + b"\0" * (-len(body) % 4)


def _end(data: bytes, *, answering: bool) -> tuple[str, int] | None:
    """One end of a UDP tuple: whom it is from if it answers, else whom it is for; None: not UDP."""
    parts = {kind: dict(_attributes(body)) for kind, body in _attributes(data)}
    addresses, ports = parts.get(ADDRESSES, {}), parts.get(PORTS, {})
    if ports.get(NUMBER) != bytes([socket.IPPROTO_UDP]):
        return None
    wanted, port = (SOURCES, SOURCE_PORT) if answering else (DESTINATIONS, DESTINATION_PORT)
    address = next(addresses[kind] for kind in wanted if kind in addresses)
    return str(ip_address(address)), int.from_bytes(ports[port], "big")
